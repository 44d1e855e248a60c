/** What a member does with mail in the browser, and where it is to be seen. */
import { expect, type Locator, type Page } from "@playwright/test";

import { linked, member, open } from "./people.ts";
import { letter, Provider } from "./provider.ts";
import type { ProviderName, System } from "./system.ts";

/** With the generated mail, more conversations than a list reads at once. */
const MINUTES = 70;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The provider, whose mailbox is larger than a page of a list, and has older mail than the last month's. */
export async function stocked(system: System, name: ProviderName): Promise<Provider> {
  const provider = new Provider(system, name);
  const subject = (number: number) => `Minutes of meeting ${number}`;
  const known = new Set((await provider.mailbox()).messages.map((message) => message.subject));
  for (let number = 1; number <= MINUTES; number += 1) {
    if (known.has(subject(number))) continue;
    await provider.deliver(letter({ subject: subject(number), id: `<minutes-${number}@elsewhere.example>` }), { read: true, received: Date.now() - 100 * DAY - number * HOUR });
  }
  return provider;
}

/** A member whose only mailbox is this provider's has it linked with all its mail, and the inbox open. */
export async function atInbox(page: Page, system: System, name: ProviderName): Promise<Provider> {
  const provider = await stocked(system, name);
  const person = await member(system, `${name}.member`);
  await linked(page, system, name, person);
  await open(page, system, person, "/mail/inbox");
  await expect(page.locator(".mail-row").first()).toBeVisible();
  return provider;
}

/** The conversation's row in the list. */
export const row = (page: Page, subject: string): Locator => page.locator(".mail-row").filter({ has: page.getByText(subject, { exact: true }) });

/** The open conversation. */
export const reader = (page: Page): Locator => page.getByRole("region", { name: "Conversation", exact: true });

/** What can be done with the open conversation. */
export const actions = (page: Page): Locator => page.getByRole("toolbar", { name: "Actions for this conversation" });

/** What the page says about what was just done. */
export const notice = (page: Page): Locator => page.locator(".mail-notice");

export async function openConversation(page: Page, subject: string): Promise<void> {
  await row(page, subject).locator(".mail-row-body").click();
  await expect(reader(page).getByRole("heading", { level: 2, name: subject, exact: true })).toBeVisible();
}

/** Goes to a list by the folders at the left. */
export async function openFolder(page: Page, name: string): Promise<void> {
  const link = page.getByRole("navigation", { name: "Folders" }).getByTitle(name, { exact: true });
  await link.click();
  await expect(link).toHaveAttribute("aria-current", "page");
}

/** Arrives at the provider, and, once the member asks for new mail, in their open list. */
export async function receive(page: Page, provider: Provider, mail: Parameters<typeof letter>[0]): Promise<void> {
  await provider.deliver(letter(mail));
  await page.getByRole("button", { name: "Refresh", exact: true }).click();
  await expect(row(page, mail.subject)).toBeVisible();
}
