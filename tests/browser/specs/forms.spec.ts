/** Forms say what is wrong with what they were given, and do nothing with it. */
import { writeFile } from "node:fs/promises";

import type { Page } from "@playwright/test";

import { administering, confirmPassword, member, open, signIn } from "../src/people.ts";
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

test("a token without a purpose is not made, and what was chosen stays", async ({ page, bare }) => {
  await open(page, bare, bare.member, "/tokens");
  await page.getByRole("button", { name: "New token" }).first().click();
  const make = page.getByRole("dialog", { name: "New token" });
  await make.getByLabel("Valid for").selectOption({ label: "30 days" });
  await make.getByLabel("What is it for?").fill("   ");
  await make.getByRole("button", { name: "Make the token" }).click();
  await expect(make.getByLabel("What is it for?")).toHaveAccessibleDescription(/Fill this in\.$/);
  await expect(make.getByLabel("Valid for")).toHaveValue("30");
  await make.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByText("No tokens")).toBeVisible();
});

test("a person is added and changed only with what can be right, and is told what is not", async ({ page, bare }) => {
  const known = await member(bare, "known");
  await open(page, bare, bare.administrator, "/users");
  await page.getByRole("button", { name: "Add a person" }).click();
  const add = page.getByRole("dialog", { name: "Add a person" });
  const [name, email, password] = [add.getByLabel("Name", { exact: true }), add.getByLabel("E-mail address"), add.getByLabel("First password")];
  await email.fill("nowhere");
  await password.fill("short");
  await add.getByLabel("Role").selectOption({ label: "Administrator" });
  const submit = () => add.getByRole("button", { name: "Add", exact: true }).click();
  await submit();
  await expect(name).toHaveAccessibleDescription("Fill this in.");
  await expect(email).toHaveAccessibleDescription(/Enter an e-mail address/);
  await expect(password).toHaveAccessibleDescription(/Use at least 8 characters\./);
  await expect(email).toHaveValue("nowhere");
  await expect(add.getByLabel("Role")).toHaveValue("administrator");

  // What only the host knows.
  await name.fill("Second Known");
  await email.fill(known.email.toUpperCase());
  await password.fill("long enough for anybody");
  await administering(page, bare.administrator, submit, () => add.getByText("Somebody has this address already."));
  await expect(email).toHaveAccessibleDescription(/Somebody has this address already/);
  await expect(name).toHaveValue("Second Known");
  await expect(password).toHaveValue("long enough for anybody");
  await add.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByText("Second Known")).toBeHidden();

  await page.getByRole("button", { name: "Edit known" }).click();
  const edit = page.getByRole("dialog", { name: "Edit known" });
  await edit.getByLabel("Name", { exact: true }).fill("");
  await edit.getByRole("button", { name: "Save" }).click();
  await expect(edit.getByLabel("Name", { exact: true })).toHaveAccessibleDescription("Fill this in.");
  await edit.getByRole("button", { name: "Cancel" }).click();

  await page.getByRole("button", { name: "New password for known" }).click();
  const reset = page.getByRole("dialog", { name: "New password for known" });
  await reset.getByLabel("New password", { exact: true }).fill("1234567");
  await reset.getByRole("button", { name: "Set the password" }).click();
  await expect(reset.getByLabel("New password", { exact: true })).toHaveAccessibleDescription(/Use at least 8 characters\./);
  await reset.getByRole("button", { name: "Cancel" }).click();

  await page.getByRole("button", { name: "Remove known" }).click();
  const remove = page.getByRole("dialog", { name: "Remove known?" });
  await remove.getByRole("textbox").fill("somebody@localhost");
  await remove.getByRole("button", { name: "Remove for ever" }).click();
  await expect(remove.getByRole("textbox")).toHaveAccessibleDescription("Type the address exactly as shown.");
  await remove.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByText(known.email)).toBeVisible();
});

test("one’s own password is changed only by who knows it, and a short one is refused", async ({ page, bare }) => {
  const person = await member(bare, "own.password");
  await open(page, bare, person, "/tokens");
  await page.getByRole("button", { name: /^Profile of/ }).click();
  await page.getByRole("button", { name: "Change password" }).click();
  const dialog = page.getByRole("dialog", { name: "Change password" });
  const [current, next] = [dialog.getByLabel("Current password"), dialog.getByLabel("New password")];
  const submit = () => dialog.getByRole("button", { name: "Change password" }).click();
  await next.fill("1234567");
  await submit();
  await expect(current).toHaveAccessibleDescription("Fill this in.");
  await expect(next).toHaveAccessibleDescription(/Use at least 8 characters\./);
  await current.fill("not the password");
  await next.fill("a better password");
  await submit();
  await expect(current).toHaveAccessibleDescription("This is not your password. Try again.");
  await expect(next).toHaveValue("a better password");
  await current.fill(person.password);
  await submit();
  await expect(dialog.getByRole("status")).toContainText("Your password is changed");
  await dialog.getByRole("button", { name: "Close" }).last().click();
  await page.getByRole("button", { name: /^Profile of/ }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await signIn(page, { ...person, password: "a better password" });
});

test("a server that is no address is not granted, and a plugin's data is not deleted by a slip", async ({ page, system }) => {
  await open(page, system, system.administrator, "/plugins/email-manager");
  await page.getByRole("button", { name: "Change", exact: true }).click();
  const grants = page.getByRole("dialog", { name: /^Permissions of/ });
  // Open already: it has servers that the plugin does not ask for.
  const server = grants.getByLabel("Address", { exact: true });
  await server.fill("https://mail.example.com/path");
  await grants.getByRole("button", { name: "Add", exact: true }).click();
  await expect(server).toHaveAccessibleDescription(/without a path/);
  await expect(server).toHaveValue("https://mail.example.com/path");
  await grants.getByLabel("Memory (MB)").fill("much");
  await expect(grants.getByLabel("Memory (MB)")).toHaveAccessibleDescription("Enter a whole number.");
  await grants.getByRole("button", { name: "Cancel" }).click();

  await page.getByRole("button", { name: "Remove…" }).click();
  const remove = page.getByRole("dialog", { name: /^Remove .+\?$/ });
  await remove.getByText("Delete the data for ever").click();
  await remove.getByRole("textbox").fill("email");
  await remove.getByRole("button", { name: "Remove and delete the data" }).click();
  await expect(remove.getByRole("textbox")).toHaveAccessibleDescription("Type email-manager exactly as shown.");
  await remove.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByText("Enabled", { exact: true }).first()).toBeVisible();
});

for (const { form, link } of [
  { form: "the host’s form of settings", link: (page: Page) => page.getByRole("main").getByRole("link", { name: "Settings" }) },
  { form: "a plugin’s own settings", link: (page: Page) => page.getByRole("link", { name: "Mail settings" }) },
]) {
  test(`${form}, changed and not saved, is left only by who agrees to`, async ({ page, system }) => {
    const audit = page.getByRole("link", { name: "Audit log" });
    const question = page.getByRole("dialog", { name: "Leave without saving?" });
    const field = page.getByLabel(/^Client ID/).first();
    await open(page, system, system.administrator, "/plugins/email-manager");
    const before = page.url();
    await link(page).click();
    await field.fill("of another application");
    const here = page.url();
    expect(here).not.toBe(before);

    await audit.click();
    await expect(question).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(question).toBeHidden();

    await page.goBack();
    await question.getByRole("button", { name: "Stay" }).click();
    await expect(question).toBeHidden();

    const closing = page.waitForEvent("dialog");
    await page.close({ runBeforeUnload: true });
    const asked = await closing;
    expect(asked.type()).toBe("beforeunload");
    await asked.dismiss();
    await expect(field).toHaveValue("of another application");
    expect(page.url()).toBe(here);

    await page.goBack();
    await question.getByRole("button", { name: "Leave" }).click();
    await expect(page).toHaveURL(before);

    // Nothing was saved, and with nothing changed nothing is asked.
    await link(page).click();
    await expect(field).toHaveValue(system.application.id);
    await audit.click();
    await expect(page.getByRole("heading", { name: "Audit log" })).toBeVisible();
  });
}
