/** What a first visit costs in compressed script, as the host serves it. */
import type { Page } from "@playwright/test";

import { linked, open } from "../src/people.ts";
import { expect, test } from "../src/test.ts";

const SHELL = 90_000;
const MAILBOX = 420_000;

/** Bytes of script bodies over the wire, by address, from now on. */
function scripts(page: Page): () => Promise<{ address: string; bytes: number }[]> {
  const all: Promise<{ address: string; bytes: number }>[] = [];
  page.on("requestfinished", (request) => {
    if (!/\.js$/.test(new URL(request.url()).pathname)) return;
    all.push(request.sizes().then((sizes) => ({ address: request.url(), bytes: sizes.responseBodySize })));
  });
  return () => Promise.all(all);
}

const sum = (files: readonly { bytes: number }[]) => files.reduce((total, { bytes }) => total + bytes, 0);

test("the shell and the mailbox stay within their budgets of compressed script", async ({ page, browser, system }) => {
  const loaded = scripts(page);
  await page.goto(system.base);
  await expect(page.getByRole("button", { name: "Sign in" })).toBeVisible();
  await page.waitForLoadState("networkidle");
  const shell = sum(await loaded());

  await linked(page, system, "google");
  // Nothing is cached in a context of its own, where only the sign-in is taken along.
  const fresh = await browser.newContext({ storageState: await page.context().storageState() });
  const first = await fresh.newPage();
  const all = scripts(first);
  await open(first, system, system.member, "/mail");
  await expect(first.locator(".mail-row").first()).toBeVisible();
  await first.waitForLoadState("load");
  const mailbox = sum((await all()).filter(({ address }) => new URL(address).pathname.startsWith("/pages/")));
  await fresh.close();

  console.log(`compressed script: shell ${(shell / 1000).toFixed(1)} kB of ${SHELL / 1000}, mailbox ${(mailbox / 1000).toFixed(1)} kB more of ${MAILBOX / 1000}`);
  expect(shell).toBeGreaterThan(0);
  expect(shell).toBeLessThanOrEqual(SHELL);
  expect(mailbox).toBeGreaterThan(0);
  expect(mailbox).toBeLessThanOrEqual(MAILBOX);
});
