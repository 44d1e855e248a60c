/// <reference types="vitest/config" />
import { defineConfig, type Plugin } from "vite";

/** A running host, for `npm run dev`. */
const host = process.env["HOST"] ?? "http://127.0.0.1:8080";
// The host refuses writes that come from another origin.
const proxied = { target: host, changeOrigin: true, headers: { origin: host } };

/**
 * Dialogs of the component kit keep the document from scrolling, by a style element without a nonce, which the Content-Security-Policy
 * refuses with an error in the console. The document never scrolls here: the pages do.
 */
const noScrollLock: Plugin = {
  name: "no-scroll-lock",
  load: (id) => (/@rc-component\/portal\/es\/useScrollLocker\.js$/.test(id) ? "export default function useScrollLocker() {}" : undefined),
};

/**
 * The archive's content: one ES module, the chunks that it loads when they are needed, one stylesheet, and `pages.json` from `public`.
 * An ordinary build and not a library one, which would leave the module's white space and inline every asset.
 */
export default defineConfig(({ command }) => ({
  plugins: [noScrollLock],
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
