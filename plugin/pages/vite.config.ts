/// <reference types="vitest/config" />
import { defineConfig } from "vite";

/** A running host, for `npm run dev`. */
const host = process.env["HOST"] ?? "http://127.0.0.1:8080";
// The host refuses writes that come from another origin.
const proxied = { target: host, changeOrigin: true, headers: { origin: host } };

/**
 * The archive's content: one ES module, the chunks that it loads when they are needed, one stylesheet, and `pages.json` from `public`.
 * An ordinary build and not a library one, which would leave the module's white space and inline every asset.
 */
export default defineConfig(({ command }) => ({
  // Chunks are found beside the module, wherever the host serves it.
  base: command === "build" ? "./" : "/",
  build: {
    target: "es2022",
    sourcemap: false,
    // The Content-Security-Policy takes no data: addresses but of images, and a file of its own is cached for ever anyway.
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    // Import statements are enough; link elements would be made without a nonce.
    modulePreload: false,
    // The shared part: React, the component kit's base and the texts' machinery.
    chunkSizeWarningLimit: 700,
    rollupOptions: {
      onwarn(warning, warn) {
        if (warning.code !== "MODULE_LEVEL_DIRECTIVE") warn(warning);
      },
      input: "src/index.tsx",
      preserveEntrySignatures: "strict",
      output: {
        format: "es",
        entryFileNames: "index.js",
        chunkFileNames: ({ facadeModuleId }) => {
          const catalogue = facadeModuleId?.match(/i18n\/(\w+)\/(\w+)\.json$/);
          return catalogue ? `texts-${catalogue[1]}-${catalogue[2]}-[hash].js` : "chunk-[name]-[hash].js";
        },
        assetFileNames: (asset) => (asset.names.some((name) => name.endsWith(".css")) ? "index.css" : "asset-[name]-[hash][extname]"),
      },
    },
  },
  // All that the lazily loaded pages need, found at the start: the server would reload the page with each first visit.
  optimizeDeps: { entries: ["index.html", "src/**/*.tsx"] },
  server: { proxy: { "/api": proxied, "/admin/settings/mail/oauth2": proxied, "/pages": proxied } },
  test: { include: ["src/**/*.test.{ts,tsx}"] },
}));
