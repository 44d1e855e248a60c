/** What people do in the browser, told once for all tests. Texts are those of the English pages. */
import { expect, type Page } from "@playwright/test";

import type { Person, System } from "./system.ts";

/** Signs in wherever the page is, by the form. */
export async function signIn(page: Page, person: Person): Promise<void> {
  await page.getByLabel("E-mail address").fill(person.email);
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("button", { name: /^Profile of/ })).toBeVisible();
}

/** Opens an address of the host as this person, who signs in first if need be. */
export async function open(page: Page, system: System, person: Person, path: string): Promise<void> {
  await page.goto(new URL(path, system.base).href);
  const form = page.getByRole("button", { name: "Sign in" });
  const frame = page.getByRole("button", { name: /^Profile of/ });
  await expect(form.or(frame)).toBeVisible();
  if (await form.isVisible()) await signIn(page, person);
}

/** Gives the password again if the host asks for it before it does what was just begun. */
export async function confirmPassword(page: Page, person: Person): Promise<void> {
  const dialog = page.getByRole("dialog", { name: "Enter your password again" });
  await expect(dialog).toBeVisible();
  await dialog.getByLabel("Password", { exact: true }).fill(person.password);
  await dialog.getByRole("button", { name: "Continue" }).click();
  await expect(dialog).toBeHidden();
}
