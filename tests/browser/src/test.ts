/** Tests with a system of their worker's own. */
import { test as base } from "@playwright/test";

import { running, type System } from "./system.ts";

interface Workers {
  /** Files that name the same story share a system, and with it what is linked; others have none of it. */
  story: string;
  /** With the plugin set up. */
  system: System;
  /** With nothing installed. */
  bare: System;
}

const MESSAGES = 120;
const STARTS = { scope: "worker", timeout: 300_000 } as const;

export const test = base.extend<object, Workers>({
  story: ["", { option: true, scope: "worker" }],
  system: [async ({}, use) => running({ bare: false, messages: MESSAGES }, use), STARTS],
  bare: [async ({}, use) => running({ bare: true, messages: MESSAGES }, use), STARTS],
});

export { expect } from "@playwright/test";
