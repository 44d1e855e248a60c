/** The frame around everything: who is in, what is there, and what happens when it goes. */
import { administering, open, signIn } from "../src/people.ts";
import type { System } from "../src/system.ts";
import { expect, test } from "../src/test.ts";

const at = (system: System, path: string) => new URL(path, system.base).href;

test("signing in names what is wrong, leads to where one wanted to go, and nowhere else", async ({ page, system }) => {
  await page.goto(at(system, "/tokens"));
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("Fill this in.")).toHaveCount(2);
  await page.getByLabel("E-mail address").fill(system.member.email);
  await page.getByLabel("Password", { exact: true }).fill("not the password");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText("don’t belong together");
  await signIn(page, system.member);
  await expect(page.getByRole("heading", { name: "API tokens", level: 1 })).toBeVisible();
  await page.goto(at(system, "/sign-in?next=//evil.example/"));
  await expect(page.getByRole("button", { name: /^Profile of/ })).toBeVisible();
  await expect(page).toHaveURL((url) => url.origin === new URL(system.base).origin && url.pathname !== "/sign-in");
});

test("an address where nothing is leads back, and what is for administrators says so to a member", async ({ page, system }) => {
  await open(page, system, system.member, "/tokens");
  const answer = await page.goto(at(system, "/nowhere"));
  expect(answer?.status()).toBe(404);
  await expect(page.getByRole("heading", { name: "There is nothing here" })).toBeVisible();
  await page.goto(at(system, "/plugins"));
  await expect(page.getByRole("heading", { name: "Only for administrators" })).toBeVisible();
});

test("a page whose plugin is switched off says so while it is open, and returns by itself", async ({ page, browser, system }) => {
  await open(page, system, system.member, "/mail/accounts");
  await expect(page.getByRole("button", { name: "Link a mailbox" }).first()).toBeVisible();
  const other = await browser.newContext();
  const admin = await other.newPage();
  await open(admin, system, system.administrator, "/plugins");
  const state = (name: string) => () => admin.locator("article").getByText(name, { exact: true });
  await administering(admin, system.administrator, () => admin.getByRole("button", { name: "Disable" }).click(), state("Disabled"));
  await expect(page.getByRole("heading", { name: "“Mail” is switched off" })).toBeVisible();
  await expect(page.getByRole("navigation", { name: "Pages" })).toBeHidden();
  const enable = async () => {
    await admin.getByRole("button", { name: "Enable", exact: true }).click();
    await admin.getByRole("button", { name: "Approve and enable" }).click();
  };
  await administering(admin, system.administrator, enable, state("Enabled"));
  await expect(page.getByRole("button", { name: "Link a mailbox" }).first()).toBeVisible();
  await other.close();
});

test("language and colours are chosen in the profile menu, and an open page stays what it is", async ({ page, system }) => {
  await open(page, system, system.member, "/mail/accounts");
  await expect(page.getByRole("button", { name: "Link a mailbox" }).first()).toBeVisible();
  await page.getByRole("button", { name: /^Profile of/ }).click();
  await page.getByText("Русский", { exact: true }).click();
  await expect(page.getByRole("link", { name: /^Почта/ }).first()).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "ru");
  await page.getByText("Тёмное", { exact: true }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.getByRole("button", { name: /^Профиль/ }).click();
  await page.getByText("English", { exact: true }).click();
  await expect(page.getByRole("link", { name: /^Mail/ }).first()).toBeVisible();
});

test("a person is added, signs in with what was handed over, makes a token, and is out once switched off", async ({ page, browser, system }) => {
  const email = `maria.${Date.now()}@example.com`;
  await open(page, system, system.administrator, "/users");
  await page.getByRole("button", { name: "Add a person" }).click();
  const add = page.getByRole("dialog", { name: "Add a person" });
  await add.getByLabel("Name", { exact: true }).fill("Мария Петрова");
  await add.getByLabel("E-mail address").fill(email);
  const added = page.getByRole("dialog", { name: "Мария Петрова is added" });
  await administering(page, system.administrator, () => add.getByRole("button", { name: "Add", exact: true }).click(), () => added);
  const password = await added.getByLabel("Password", { exact: true }).inputValue();
  await added.getByRole("button", { name: "Close" }).last().click();
  await expect(page.getByText(email)).toBeVisible();

  const hers = await browser.newContext();
  const maria = await hers.newPage();
  await open(maria, system, { email, password }, "/tokens");
  await maria.getByRole("button", { name: "New token" }).first().click();
  const make = maria.getByRole("dialog", { name: "New token" });
  await make.getByLabel("What is it for?").fill("Report");
  await make.getByRole("button", { name: "Make the token" }).click();
  const made = maria.getByRole("dialog", { name: "“Report” is ready" });
  const token = await made.getByLabel("Token", { exact: true }).inputValue();
  const asked = () => page.request.get(at(system, "/api/me"), { headers: { authorization: `Bearer ${token}`, cookie: "" } });
  expect(await (await asked()).json()).toMatchObject({ email, via: "token" });
  await made.getByRole("button", { name: "I have copied it" }).click();
  await maria.getByRole("button", { name: "Revoke Report" }).click();
  await maria.getByRole("dialog").getByRole("button", { name: "Revoke", exact: true }).click();
  await expect(maria.getByText("No tokens")).toBeVisible();
  expect((await asked()).status()).toBe(401);

  await page.getByRole("button", { name: "Edit Мария Петрова" }).last().click();
  const edit = page.getByRole("dialog", { name: "Edit Мария Петрова" });
  await edit.getByRole("switch", { name: "May sign in" }).uncheck();
  await administering(page, system.administrator, () => edit.getByRole("button", { name: "Save" }).click(), () => page.getByText("Can’t sign in").last());
  await maria.reload();
  await expect(maria.getByRole("button", { name: "Sign in" })).toBeVisible();
  await hers.close();
});
