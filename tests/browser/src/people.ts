/** What people do in the browser, told once for all tests. Texts are those of the English pages. */
import { expect, request, type Locator, type Page } from "@playwright/test";

import type { Person, ProviderName, System } from "./system.ts";

export const COMPANY: Record<ProviderName, { card: RegExp; go: string; allow: string }> = {
  google: { card: /Gmail and Google Workspace/, go: "Continue to Google", allow: "Continue" },
  microsoft: { card: /Outlook.com and Microsoft 365/, go: "Continue to Microsoft", allow: "Accept" },
};

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

/** A member of their own for a test's mailboxes, who is made if need be. */
export async function member(system: System, name: string): Promise<Person> {
  const person = { email: `${name}@localhost`, password: system.member.password };
  const api = await request.newContext({ baseURL: system.base });
  const { email, password } = system.administrator;
  const signedIn = await api.post("/api/session", { data: { email, password } });
  if (!signedIn.ok()) throw new Error(`signing in: ${await signedIn.text()}`);
  const { items } = (await (await api.get("/api/users")).json()) as { items: { email: string }[] };
  if (!items.some((known) => known.email === person.email)) {
    const made = await api.post("/api/users", { data: { ...person, name, role: "member" } });
    if (!made.ok()) throw new Error(`adding ${person.email}: ${await made.text()}`);
  }
  await api.dispose();
  return person;
}

/** Does something that may ask for the password again, until `done` can be seen. */
export async function administering(page: Page, person: Person, act: () => Promise<void>, done: () => Locator): Promise<void> {
  await act();
  const again = page.getByRole("dialog", { name: "Enter your password again" });
  await expect(again.or(done()).first()).toBeVisible();
  if (await again.isVisible()) await confirmPassword(page, person);
  await expect(done()).toBeVisible();
}

/** Gives the password again if the host asks for it before it does what was just begun. */
export async function confirmPassword(page: Page, person: Person): Promise<void> {
  const dialog = page.getByRole("dialog", { name: "Enter your password again" });
  await expect(dialog).toBeVisible();
  await dialog.getByLabel("Password", { exact: true }).fill(person.password);
  await dialog.getByRole("button", { name: "Continue" }).click();
  await expect(dialog).toBeHidden();
}

interface AccountState {
  id: string;
  email: string;
  status: { condition: string; local_count: number };
}

async function accounts(page: Page, system: System): Promise<AccountState[]> {
  const answer = await page.request.get(new URL("/api/mail/accounts", system.base).href);
  if (!answer.ok()) throw new Error(`accounts: ${answer.status()} ${await answer.text()}`);
  return ((await answer.json()) as { items: AccountState[] }).items;
}

/** Chooses the provider in the dialog for linking. A click while the dialog still moves in may miss. */
export async function chooseProvider(dialog: Locator, provider: ProviderName): Promise<void> {
  await expect(async () => {
    await dialog.getByText(COMPANY[provider].card).click();
    await expect(dialog.getByRole("radio", { name: COMPANY[provider].card })).toBeChecked({ timeout: 1_000 });
  }).toPass();
}

/** Links the provider's main mailbox from the list of accounts, through the provider's consent page; ends where the provider leads back to. */
export async function link(page: Page, system: System, provider: ProviderName, person = system.member): Promise<void> {
  await open(page, system, person, "/mail/accounts");
  await page.getByRole("button", { name: "Link a mailbox" }).first().click();
  const dialog = page.getByRole("dialog", { name: "Link a mailbox" });
  await chooseProvider(dialog, provider);
  await dialog.getByText("everything", { exact: true }).click();
  await dialog.getByRole("button", { name: COMPANY[provider].go }).click();
  const address = system[provider].address;
  await page.locator(`input[name=account][value="${address}"]`).check();
  await page.getByRole("button", { name: COMPANY[provider].allow, exact: true }).click();
  await expect(page.getByRole("heading", { name: `${address} is linked` })).toBeVisible({ timeout: 60_000 });
}

/** Until everything of the mailbox is here. */
export async function filled(page: Page, system: System, provider: ProviderName): Promise<void> {
  const { address } = system[provider];
  await expect
    .poll(async () => (await accounts(page, system)).find(({ email }) => email === address)?.status.condition, { timeout: 150_000 })
    .toBe("up-to-date");
}

/** The member has this mailbox linked, with all its mail. */
export async function linked(page: Page, system: System, provider: ProviderName, person = system.member): Promise<void> {
  await open(page, system, person, "/mail/accounts");
  const { address } = system[provider];
  if (!(await accounts(page, system)).some(({ email }) => email === address)) await link(page, system, provider, person);
  await filled(page, system, provider);
}
