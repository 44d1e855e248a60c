import { defineConfig } from "@playwright/test";

import tests from "./playwright.config.ts";

/** `cargo xtask bench pages`: figures, not tests, so never a part of them. */
export default defineConfig(tests, {
  testDir: "bench",
  testMatch: "*.bench.ts",
  // A hundred thousand messages take minutes to arrive.
  timeout: 3_600_000,
  use: { trace: "off", screenshot: "off" },
});
