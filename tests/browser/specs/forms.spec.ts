/** Forms say what is wrong with what they were given, and do nothing with it. */
import { writeFile } from "node:fs/promises";

import { confirmPassword, open } from "../src/people.ts";
import { expect, test } from "../src/test.ts";

test("a wrong password does not sign in, and says so", async ({ page, bare }) => {
  await page.goto(bare.base);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("Fill this in.").first()).toBeVisible();
  await page.getByLabel("E-mail address").fill(bare.administrator.email);
  await page.getByLabel("Password", { exact: true }).fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("Address and password don’t belong together")).toBeVisible();
  await expect(page.getByRole("button", { name: "Sign in" })).toBeVisible();
});

test("a file that is no component is refused before anything is installed", async ({ page, bare }, info) => {
  await open(page, bare, bare.administrator, "/plugins");
  await page.getByRole("button", { name: "Add a plugin" }).first().click();
  const file = info.outputPath("letter.wasm");
  await writeFile(file, "Dear host, I am a letter.");
  const dialog = page.getByRole("dialog", { name: "Add a plugin" });
  await dialog.locator("input[type=file]").setInputFiles(file);
  const refused = dialog.getByRole("alert");
  const again = page.getByRole("dialog", { name: "Enter your password again" });
  await expect(refused.or(again)).toBeVisible();
  if (await again.isVisible()) await confirmPassword(page, bare.administrator);
  await expect(refused).toContainText(/component|plugin/i);
  await expect(dialog.getByRole("button", { name: "Add", exact: true })).toBeDisabled();
});
