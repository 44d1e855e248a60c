import { defineConfig } from "vitest/config";

import { examplePages } from "./dev/example.ts";

/** A running host for `npm run dev`. */
const host = process.env["PLUGIN_HOST"] ?? "http://127.0.0.1:8080";
// The host takes writes from its own pages only.
const proxied = { target: host, changeOrigin: true, headers: { origin: host } };

export default defineConfig(({ command }) => ({
  // The host serves the files there, and the document at every address, which the development server does by itself.
  base: command === "build" ? "/shell/" : "/",
  html: { cspNonce: "__NONCE__" },
  plugins: process.env["EXAMPLE"] === undefined ? [] : [examplePages()],
  esbuild: { jsx: "automatic" },
  build: {
    // What `light-dark()` and nested rules need; older browsers are not served.
    target: ["chrome123", "firefox121", "safari17.5"],
    // One stylesheet: nothing to be loaded, and to jump, when a screen opens.
    cssCodeSplit: false,
    // Inlined `data:` addresses are not what the Content-Security-Policy takes.
    assetsInlineLimit: 0,
    modulePreload: false,
    rollupOptions: {
      output: {
        // What every screen needs is one file: shared parts of a kilobyte each cost more than they save.
        manualChunks: (id) => (/node_modules|\/client\/src\/|\/src\/core\/|\/src\/ui\/(button|icon|states|menu)/.test(id) ? "base" : undefined),
      },
    },
  },
  server: {
    proxy: { "/api": proxied, "/pages": proxied, "/admin/settings/mail/oauth2": proxied },
  },
  test: { environment: "node", testTimeout: 30_000, include: ["src/**/*.test.{ts,tsx}"] },
}));
