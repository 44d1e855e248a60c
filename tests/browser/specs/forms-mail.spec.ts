/** The mail pages' forms say what is wrong with what they were given, and lose nothing of it. */
import type { Locator, Page } from "@playwright/test";

import { COMPANY, administering, chooseProvider, linked, member, open } from "../src/people.ts";
import { expect, test } from "../src/test.ts";

/** A field that was refused, and why. */
async function refused(field: Locator, why: string | RegExp): Promise<void> {
  await expect(field).toHaveAccessibleDescription(why);
  await expect(field).toHaveAttribute("aria-invalid", "true");
}

const panel = (page: Page, name: string): Locator => page.getByRole("tabpanel", { name });

test("settings that can't be right are told at their fields, and nothing of them is saved", async ({ page, system }) => {
  await open(page, system, system.administrator, "/admin/settings/mail");
  const google = panel(page, "Google");
  await google.getByText("Advanced", { exact: false }).first().click();
  const [id, url] = [google.getByLabel(/^Client ID/), google.getByLabel("Gmail API URL")];
  const before = await url.inputValue();
  await id.fill("");
  await url.fill("not an address");
  await administering(page, system.administrator, () => google.getByRole("button", { name: "Save" }).click(), () => google.getByRole("alert").filter({ hasText: "Fill this in." }));
  await refused(id, "Fill this in.");
  await refused(url, "Not an address such as https://example.com.");
  await expect(url).toHaveValue("not an address");
  await expect(id).toBeFocused();
  await expect(google.getByRole("button", { name: "Verify setup" })).toBeDisabled();
  // A look at another tab loses nothing.
  await page.getByRole("tab", { name: /Microsoft/ }).click();
  const microsoft = panel(page, "Microsoft");
  await microsoft.getByLabel("Tenant", { exact: true }).click();
  await page.getByTitle("One organisation only…").click();
  const tenant = microsoft.getByLabel("Tenant ID or domain");
  await tenant.fill("my company");
  await microsoft.getByText("Advanced", { exact: false }).first().click();
  await microsoft.getByLabel("Graph URL").fill("http://graph.example.com");
  await microsoft.getByRole("button", { name: "Save" }).click();
  await refused(tenant, /an ID or a domain/);
  await refused(microsoft.getByLabel("Graph URL"), /Must begin with https/);
  await microsoft.getByRole("button", { name: "Discard" }).click();
  await page.getByRole("tab", { name: "Synchronisation" }).click();
  const sync = panel(page, "Synchronisation");
  await sync.getByLabel("Allowed domains").fill("example.com, nonsense");
  await sync.getByRole("button", { name: "Save" }).click();
  await refused(sync.getByLabel("Allowed domains"), "Not a domain such as example.com.");
  await expect(sync.getByLabel("Allowed domains")).toHaveValue("example.com, nonsense");
  await sync.getByRole("button", { name: "Discard" }).click();
  await page.getByRole("tab", { name: /Google/ }).click();
  await expect(url).toHaveValue("not an address");
  await google.getByRole("button", { name: "Discard" }).click();
  await expect(url).toHaveValue(before);
  await expect(id).toHaveValue(system.application.id);
});

test("a wrong secret is found by verifying the set-up, which says how to mend it", async ({ page, system }) => {
  await open(page, system, system.administrator, "/admin/settings/mail");
  for (const name of ["Google", "Microsoft"] as const) {
    await page.getByRole("tab", { name: new RegExp(name) }).click();
    const form = panel(page, name);
    const store = async (secret: string) => {
      await form.getByRole("button", { name: /^Client secret .*Replace$/ }).click();
      await form.getByLabel(/^Client secret/).fill(secret);
      await administering(page, system.administrator, () => form.getByRole("button", { name: "Save" }).click(), () => form.getByText("Stored, encrypted"));
      await form.getByRole("button", { name: /Verify/ }).click();
    };
    await store("not-the-secret");
    await expect(form.getByText("1 thing is to be mended.", { exact: false })).toBeVisible();
    const failed = form.locator("[data-outcome=failed]");
    await expect(failed).toHaveCount(1);
    await expect(failed).toContainText(/secret/i);
    await store(system.application.secret);
    await expect(form.getByText("Nothing is wrong.", { exact: false })).toBeVisible();
  }
});

test("who declines at the provider is told so, and led back to where it can be begun again", async ({ page, system }) => {
  const person = await member(system, "undecided");
  for (const name of ["google", "microsoft"] as const) {
    await open(page, system, person, "/mail/accounts");
    await page.getByRole("button", { name: "Link a mailbox" }).first().click();
    const dialog = page.getByRole("dialog", { name: "Link a mailbox" });
    await chooseProvider(dialog, name);
    await dialog.getByRole("button", { name: COMPANY[name].go }).click();
    await page.getByRole("button", { name: "Cancel", exact: true }).click();
    await expect(page.getByRole("heading", { name: "The account was not linked" })).toBeVisible();
    await expect(page.getByText("The consent was declined.")).toBeVisible();
    await expect(page).toHaveURL((url) => url.origin === new URL(system.base).origin && !url.searchParams.has("state") && !url.searchParams.has("error"));
    await page.getByRole("link", { name: "Go back" }).click();
    await expect(page.getByRole("heading", { name: "Welcome to your mail" })).toBeVisible();
    await page.getByRole("button", { name: "Link an account" }).click();
    await expect(page.getByRole("heading", { name: "Mail accounts" })).toBeVisible();
  }
});

test("a start is a day that was, and a sender's name one line", async ({ page, system }) => {
  await linked(page, system, "google");
  await open(page, system, system.member, "/mail/accounts");
  await page.getByRole("button", { name: "Link a mailbox" }).first().click();
  const dialog = page.getByRole("dialog", { name: "Link a mailbox" });
  await chooseProvider(dialog, "google");
  await dialog.getByText("since a date", { exact: true }).click();
  const go = dialog.getByRole("button", { name: COMPANY.google.go });
  await expect(dialog.getByText("Choose the first day.")).toBeVisible();
  await expect(go).toBeDisabled();
  const day = dialog.getByLabel("First day");
  await day.fill("01 Jan 2199");
  await day.press("Enter");
  await expect(go).toBeDisabled();
  await day.fill("01 Jan 2020");
  await day.press("Enter");
  await expect(go).toBeEnabled();
  await dialog.getByRole("button", { name: "Cancel" }).click();

  await page.getByRole("link", { name: system.google.address }).click();
  await page.getByRole("tab", { name: "Name and signature" }).click();
  const name = page.getByRole("textbox", { name: "Sender name" });
  const save = page.getByRole("region", { name: "Sender name" }).getByRole("button", { name: "Save" });
  await name.fill("Ada\tLovelace");
  await save.click();
  await refused(name, /one line/);
  await expect(name).toHaveValue("Ada\tLovelace");
  await name.fill("Ada King");
  await save.click();
  await expect(name).toHaveAccessibleDescription(`Recipients see: Ada King <${system.google.address}>`);
  await expect(save).toBeDisabled();
});

test("mail goes nowhere without a recipient or to what is no address, and what was written stays", async ({ page, system }) => {
  await linked(page, system, "google");
  await open(page, system, system.member, "/mail");
  await page.getByRole("button", { name: "Compose" }).first().click();
  const [to, subject, text] = [page.getByRole("combobox", { name: "To", exact: true }), page.getByRole("textbox", { name: "Subject" }), page.getByRole("textbox", { name: "Text" })];
  await subject.fill("Half a letter");
  await text.click();
  await page.keyboard.type("A first line.");
  const send = page.getByRole("button", { name: "Send", exact: true });
  await send.click();
  await refused(to, "Name at least one recipient");
  await expect(to).toBeFocused();
  await to.fill("grace at example");
  await send.click();
  await refused(to, "“grace at example” is no e-mail address");
  await expect(text).toHaveText("A first line.");
  await expect(subject).toHaveValue("Half a letter");

  // A link that is none.
  await page.getByRole("button", { name: "Link", exact: true }).click();
  const address = page.getByRole("textbox", { name: "Address of the link" });
  await address.fill("javascript:alert(1)");
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "Not an address such as https://example.com" })).toBeVisible();
  await expect(address).toHaveAttribute("aria-invalid", "true");
  await page.keyboard.press("Escape");

  // The wrong one becomes text again, to be mended.
  await page.getByRole("button", { name: "Edit grace at example" }).click();
  await expect(to).toHaveValue("grace at example");
  await to.fill("grace@elsewhere.example");
  await subject.fill("");
  await send.click();
  const sure = page.getByRole("dialog", { name: "Send without a subject?" });
  await sure.getByRole("button", { name: "Keep writing" }).click();
  await expect(text).toHaveText("A first line.");
  await subject.fill("The plan is attached");
  await send.click();
  const forgotten = page.getByRole("dialog", { name: "No file is attached" });
  await forgotten.getByRole("button", { name: "Keep writing" }).click();
  await page.getByRole("button", { name: "Discard draft" }).click();
  await page.getByRole("dialog", { name: "Discard this draft?" }).getByRole("button", { name: "Discard draft" }).click();
  await expect(text).toBeHidden();
});
