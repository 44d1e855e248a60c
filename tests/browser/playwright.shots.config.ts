import { defineConfig } from "@playwright/test";

import tests from "./playwright.config.ts";

/** `cargo xtask shots`: pictures for people, not tests. */
export default defineConfig(tests, { testDir: "shots", testMatch: "*.shots.ts", use: { trace: "off", screenshot: "off" } });
