/** What is done to mail here is done at the provider, and the other way round. */
import { actions, atInbox, notice, openConversation, openFolder, reader, receive, row } from "../src/mail.ts";
import { expect, test } from "../src/test.ts";

test.use({ story: "mail" });

/** A folder of the owner's own, which both mailboxes have: at Google a label. */
const TRAVEL = "Travel";

for (const name of ["google", "microsoft"] as const) {
  test(`what is done to a conversation here is done at ${name}, and is undone there too`, async ({ page, system }) => {
    const provider = await atInbox(page, system, name);
    const subject = "The boat is repaired";
    await receive(page, provider, { subject, id: "<boat@elsewhere.example>" });
    const read = async () => (await provider.message(subject)).read;
    const starred = async () => (await provider.message(subject)).starred;
    const inInbox = () => provider.isIn(subject, "inbox");

    await test.step("reading it marks it as read, until it is to be unread", async () => {
      await expect(row(page, subject)).toHaveAttribute("data-unread", "true");
      await openConversation(page, subject);
      await expect.poll(read).toBe(true);
      await expect(row(page, subject)).not.toHaveAttribute("data-unread");
      await actions(page).getByRole("button", { name: "Mark as unread" }).click();
      await expect.poll(read).toBe(false);
      await expect(row(page, subject)).toHaveAttribute("data-unread", "true");
    });

    await test.step("a star", async () => {
      await row(page, subject).getByRole("button", { name: "Add star" }).click();
      await expect.poll(starred).toBe(true);
      await row(page, subject).getByRole("button", { name: "Remove star" }).click();
      await expect.poll(starred).toBe(false);
    });

    await test.step("archived, and undone", async () => {
      await actions(page).getByRole("button", { name: "Archive" }).click();
      await expect(row(page, subject)).toBeHidden();
      await expect(notice(page)).toContainText("Conversation archived");
      // It stays while the pointer is on it.
      await notice(page).hover();
      await expect.poll(inInbox).toBe(false);
      await notice(page).getByRole("button", { name: "Undo" }).click();
      await expect(row(page, subject)).toBeVisible();
      await expect.poll(inInbox).toBe(true);
      await expect(notice(page)).toContainText("Undone");
      await expect(row(page, subject)).toBeVisible();
    });

    await test.step(name === "google" ? "labelled" : "moved", async () => {
      await openConversation(page, subject);
      await actions(page)
        .getByRole("button", { name: name === "google" ? "Labels" : "Move to", exact: true })
        .click();
      const find = page.getByRole("combobox", { name: name === "google" ? "Find a label" : "Find a folder" });
      await find.fill(TRAVEL.toLowerCase());
      await find.press("Enter");
      await expect.poll(() => provider.isIn(subject, { named: TRAVEL })).toBe(true);
      expect(await inInbox()).toBe(name === "google");
      await openFolder(page, TRAVEL);
      await expect(row(page, subject)).toBeVisible();
    });

    await test.step("into the trash, and restored", async () => {
      await openConversation(page, subject);
      await actions(page).getByRole("button", { name: "Move to trash" }).click();
      await expect(row(page, subject)).toBeHidden();
      await expect.poll(() => provider.isIn(subject, "trash")).toBe(true);
      await openFolder(page, "Trash");
      await openConversation(page, subject);
      await actions(page).getByRole("button", { name: "Restore" }).click();
      await expect(row(page, subject)).toBeHidden();
      await expect.poll(() => provider.isIn(subject, "trash")).toBe(false);
      // A label stays on it; of folders it is in one, the one that it was in.
      await expect.poll(() => provider.isIn(subject, { named: TRAVEL })).toBe(true);
      expect(await inInbox()).toBe(name === "google");
      await openFolder(page, TRAVEL);
      await expect(row(page, subject)).toBeVisible();
    });
  });

  test(`several conversations of ${name} are ticked and put away at once, and undone at once`, async ({ page, system }) => {
    const provider = await atInbox(page, system, name);
    const subjects = ["A first offer", "A second offer"];
    for (const subject of subjects) await receive(page, provider, { subject, id: `<${subject.replaceAll(" ", "-")}@elsewhere.example>` });
    for (const subject of subjects) await row(page, subject).getByRole("checkbox").check({ force: true });
    const bulk = page.getByRole("toolbar", { name: "Actions for what is selected" });
    await expect(bulk).toContainText("2 selected");
    await bulk.getByRole("button", { name: "Archive" }).click();
    const inInbox = () => Promise.all(subjects.map((subject) => provider.isIn(subject, "inbox")));
    for (const subject of subjects) await expect(row(page, subject)).toBeHidden();
    await expect.poll(inInbox).toEqual([false, false]);
    await page.keyboard.press("z");
    await expect.poll(inInbox).toEqual([true, true]);
    for (const subject of subjects) await expect(row(page, subject)).toBeVisible();
  });

  test(`mail that comes to ${name} appears in the open page once asked for, and what is deleted there disappears`, async ({ page, context, system }) => {
    const provider = await atInbox(page, system, name);
    const subject = "Dinner on Friday";
    const before = await page.title();
    await receive(page, provider, { subject, id: "<dinner@elsewhere.example>", text: "Shall we say eight o'clock?" });
    await expect(row(page, subject)).toContainText("Shall we say eight o'clock?");
    await expect(row(page, subject)).toHaveAttribute("data-unread", "true");
    await expect.poll(() => page.title()).not.toBe(before);
    await openConversation(page, subject);

    // Asked for in another window, from the list of accounts.
    await provider.remove(subject);
    const other = await context.newPage();
    await other.goto(new URL("/mail/accounts", system.base).href);
    await other.getByRole("button", { name: `Synchronise ${provider.address} now` }).click();
    await other.close();
    await expect(row(page, subject)).toBeHidden();
    await expect(reader(page).getByRole("heading", { name: "This is not here (any more)" })).toBeVisible();
    await expect(reader(page).getByText("Shall we say eight o'clock?")).toBeHidden();
  });
}
