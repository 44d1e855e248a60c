/** How the mail goes: with its plugin, which comes back, and with its mailbox, which does not. */
import { administering, member, open } from "../src/people.ts";
import { atInbox, openConversation, reader, receive, row } from "../src/mail.ts";
import { expect, test } from "../src/test.ts";

test.use({ story: "mail" });

test("the mailbox says that its plugin was switched off while it is open, and is back where it was afterwards", async ({ page, browser, system }) => {
  const provider = await atInbox(page, system, "google");
  const subject = "The keys";
  await receive(page, provider, { subject, id: "<keys@elsewhere.example>", text: "They are under the stone." });
  await openConversation(page, subject);
  await page.getByRole("button", { name: "Compose" }).first().click();
  await page.getByRole("textbox", { name: "Subject" }).fill("Half a thought");

  const context = await browser.newContext();
  const admin = await context.newPage();
  await open(admin, system, system.administrator, "/plugins");
  const state = (name: string) => () => admin.locator("article").getByText(name, { exact: true });
  await administering(admin, system.administrator, () => admin.getByRole("button", { name: "Disable" }).click(), state("Disabled"));
  await expect(page.getByRole("heading", { name: "“Mail” is switched off" })).toBeVisible();
  await expect(page.getByText("They are under the stone.")).toBeHidden();
  const enable = async () => {
    await admin.getByRole("button", { name: "Enable", exact: true }).click();
    await admin.getByRole("button", { name: "Approve and enable" }).click();
  };
  await administering(admin, system.administrator, enable, state("Enabled"));
  await context.close();

  await expect(reader(page).getByRole("heading", { name: subject })).toBeVisible();
  await expect(row(page, subject)).toBeVisible();
  // What was being written is not lost.
  await expect(page.getByRole("textbox", { name: "Subject" })).toHaveValue("Half a thought");
});

test("an unlinked mailbox is gone with its mail: at Google the access is withdrawn, at Microsoft one is told where to", async ({ page, system }) => {
  // Nobody else has these mailboxes linked, or access would be kept for them.
  const names = ["google", "microsoft"] as const;
  for (const name of names) {
    await test.step(`unlinks ${name}`, async () => {
      const provider = await atInbox(page, system, name);
      const other = await page.context().newPage();
      await open(other, system, await member(system, `${name}.member`), "/mail/accounts");
      await other.getByRole("link", { name: provider.address }).click();
      await other.getByRole("button", { name: "Unlink" }).click();
      const ask = other.getByRole("dialog", { name: `Unlink ${provider.address}?` });
      await expect(ask.getByRole("button", { name: "Unlink" })).toBeDisabled();
      await ask.getByRole("radio", { name: /^Delete it here/ }).check();
      await ask.getByRole("button", { name: "Unlink" }).click();
      const done = other.getByRole("dialog", { name: `${provider.address} is unlinked` });
      if (name === "google") {
        await expect(done).toContainText("Its access at Google was withdrawn.");
        expect(await provider.ask("live-refresh-tokens", { address: provider.address })).toEqual({ count: 0 });
        expect((await provider.asked()).filter(({ route, status }) => route === "/revoke" && status === 200)).toHaveLength(1);
      } else {
        await expect(done.getByRole("alert")).toContainText("Microsoft has no way to revoke a grant from here");
        await expect(done.getByRole("link", { name: "https://myapps.microsoft.com" })).toBeVisible();
      }
      await done.getByRole("button", { name: "Done" }).click();
      await expect(other.getByRole("heading", { name: "No mailbox is linked yet" })).toBeVisible();
      await other.close();
      // The open list has heard of it.
      await expect(page.getByRole("heading", { name: "Welcome to your mail" })).toBeVisible();
      await expect(page.locator(".mail-row")).toHaveCount(0);
      await page.context().clearCookies();
    });
  }
});
