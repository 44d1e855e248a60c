/** The pictures of the README: `cargo xtask shots` makes them anew, from a mailbox that is the same each time. */
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import type { Page } from "@playwright/test";

import { linked, open } from "../src/people.ts";
import { expect, test } from "../src/test.ts";

const FOLDER = fileURLToPath(new URL("../../../docs/images/", import.meta.url));

/** Small enough for a repository, sharp enough to read. */
async function shot(page: Page, name: string): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  await page.mouse.move(0, 0);
  await page.screenshot({ path: `${FOLDER}${name}.jpg`, type: "jpeg", quality: 68, animations: "disabled" });
}

/**
 * Each subject once, though both mailboxes hold it; none in letters that the machine which makes the pictures may lack, and none that names, in brackets,
 * what is wrong with the message.
 */
async function tidy(page: Page): Promise<void> {
  await page.route("**/api/mail/threads?*", async (route) => {
    const response = await route.fetch();
    const { items, ...rest } = (await response.json()) as { items: { subject: string }[] };
    const seen = new Set<string>();
    const shown = items.filter((item) => !/\p{Script=Han}/u.test(JSON.stringify(item)) && !/\(\w+\)$/.test(item.subject) && !seen.has(item.subject) && seen.add(item.subject));
    await route.fulfill({ response, json: { ...rest, items: shown } });
  });
}

test("the pictures of the README", async ({ page, system }) => {
  await page.setViewportSize({ width: 1200, height: 760 });
  await linked(page, system, "google");
  await linked(page, system, "microsoft");
  await tidy(page);
  await open(page, system, system.member, "/mail");
  const rows = page.locator(".mail-row-body");
  await expect(rows.nth(8)).toBeVisible();
  await rows.filter({ hasText: "Birthday party" }).first().click();
  await expect(page.locator(".mail-conversation .mail-answer")).toBeVisible();
  await page.waitForLoadState("networkidle");
  await shot(page, "mailbox");

  await page.emulateMedia({ colorScheme: "dark" });
  await page.getByRole("button", { name: "Compose" }).first().click();
  await expect(page.getByRole("textbox", { name: "Text" })).toBeVisible();
  await page.getByRole("combobox", { name: "To", exact: true }).pressSequentially("mar");
  await expect(page.locator(".compose-suggestions").getByRole("option").first()).toBeVisible();
  await shot(page, "compose");
  // With nothing in it, nothing is left of it.
  await page.getByRole("combobox", { name: "To", exact: true }).fill("");
  await page.getByRole("button", { name: "Save and close" }).click();

  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 390, height: 760 });
  await page.goto(new URL("/mail", system.base).href);
  await expect(rows.first()).toBeVisible();
  await shot(page, "phone");

  const administrator = await page.context().browser()?.newContext({ viewport: { width: 1200, height: 760 } });
  if (administrator === undefined) throw new Error("there is no browser");
  const settings = await administrator.newPage();
  await open(settings, system, system.administrator, "/admin/settings/mail");
  await expect(settings.getByRole("button", { name: "Verify setup" }).first()).toBeVisible();
  await shot(settings, "settings");
  await administrator.close();
});
