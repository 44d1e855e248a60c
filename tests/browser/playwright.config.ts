import { fileURLToPath } from "node:url";

import { defineConfig } from "@playwright/test";

const output = fileURLToPath(new URL("../../target/browser/", import.meta.url));
const chromium = process.env["BROWSER_CHROMIUM"];

/** `cargo xtask test` says by environment variables what there is to test; see `xtask/src/task/browser.rs`. */
export default defineConfig({
  testDir: "specs",
  outputDir: `${output}results`,
  // Tests of a file share a system and its mailboxes, and go one after the other.
  workers: 1,
  fullyParallel: false,
  retries: 0,
  forbidOnly: true,
  // The machine may be building meanwhile, when a click can take a minute: these only end what hangs.
  timeout: 600_000,
  expect: { timeout: 180_000 },
  reporter: [["list"]],
  use: {
    locale: "en-US",
    timezoneId: "Europe/Berlin",
    viewport: { width: 1440, height: 900 },
    trace: { mode: "retain-on-failure", screenshots: false, snapshots: true, sources: false },
    screenshot: "only-on-failure",
    launchOptions: {
      ...(chromium === undefined ? {} : { executablePath: chromium }),
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    },
  },
});
