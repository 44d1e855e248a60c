/** Everybody can use it: no serious fault that axe knows of on the main pages, and the keyboard is enough. */
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { linked, open, signIn } from "../src/people.ts";
import { expect, test } from "../src/test.ts";

/** Readable as a test's failure: which rule, where. */
async function faults(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    // The mail itself is its sender's; the frame around it is ours.
    const { violations } = await new AxeBuilder({ page }).exclude("iframe").analyze();
    for (const { id, impact, nodes } of violations) {
      if (impact !== "serious" && impact !== "critical") continue;
      found.push(...nodes.map(({ target }) => `${colorScheme}: ${id} at ${target.join(" ")}`));
    }
  }
  return found;
}

test("sign-in and the administrator's pages have no serious fault", async ({ page, system }) => {
  await page.goto(system.base);
  await expect(page.getByRole("button", { name: "Sign in" })).toBeVisible();
  expect(await faults(page)).toEqual([]);
  await signIn(page, system.administrator);
  await open(page, system, system.administrator, "/plugins");
  await expect(page.getByText("Enabled", { exact: true })).toBeVisible();
  expect(await faults(page)).toEqual([]);
  await open(page, system, system.administrator, "/admin/settings/mail");
  await expect(page.getByRole("button", { name: "Verify setup" }).first()).toBeVisible();
  expect(await faults(page)).toEqual([]);
});

test("the member's pages have no serious fault", async ({ page, system }) => {
  await linked(page, system, "google");
  await open(page, system, system.member, "/mail/accounts");
  await expect(page.getByText(system.google.address).first()).toBeVisible();
  expect(await faults(page)).toEqual([]);
  await open(page, system, system.member, "/mail");
  await page.locator(".mail-row-body").first().click();
  await expect(page.locator(".mail-conversation .mail-answer")).toBeVisible();
  expect(await faults(page)).toEqual([]);
  await page.getByRole("button", { name: "Compose" }).first().click();
  await expect(page.getByRole("textbox", { name: "Text" })).toBeVisible();
  expect(await faults(page)).toEqual([]);
});

test("the keyboard alone moves through the list, opens, goes back, writes and tells its shortcuts", async ({ page, system }) => {
  await linked(page, system, "google");
  await open(page, system, system.member, "/mail");
  const rows = page.locator(".mail-row-body");
  await expect(rows.nth(1)).toBeVisible();
  // By Tab alone, from the top of the page into the list.
  const inList = () => page.evaluate(() => document.activeElement?.closest(".mail-row") !== null);
  await expect
    .poll(
      async () => {
        await page.keyboard.press("Tab");
        return inList();
      },
      { intervals: [0] },
    )
    .toBe(true);
  await rows.first().focus();
  await page.keyboard.press("j");
  await expect(rows.nth(1)).toBeFocused();
  await page.keyboard.press("k");
  await expect(rows.first()).toBeFocused();
  await page.keyboard.press("o");
  await expect(page.locator(".mail-conversation h2")).toBeVisible();
  await page.keyboard.press("u");
  await expect(page.locator(".mail-conversation h2")).toBeHidden();
  await page.keyboard.press("Shift+?");
  const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await expect(help).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(help).toBeHidden();
  await page.keyboard.press("c");
  await expect(page.getByRole("combobox", { name: "To", exact: true })).toBeFocused();
});
