/** What is written here: kept while it is written, sent once, and in the conversation that it belongs to. */
import type { Locator, Page } from "@playwright/test";

import { atInbox, notice, openConversation, openFolder, reader, receive, row } from "../src/mail.ts";
import { file, header, parse, textOf, type Part } from "../src/mime.ts";
import type { Provider } from "../src/provider.ts";
import { expect, test } from "../src/test.ts";

test.use({ story: "mail" });

/** Every byte, so that nothing on the way can mistake it for text. */
const bytes = Buffer.from(Array.from({ length: 50_000 }, (_, at) => at % 256));

/** The window in which a message is written. */
const writing = (page: Page): Locator => page.locator(".compose-window:visible");

const field = (page: Page, name: string): Locator => writing(page).getByRole("combobox", { name, exact: true });
const text = (page: Page): Locator => writing(page).getByRole("textbox", { name: "Text", exact: true });

/** What the provider sent with this subject. */
async function sentAs(provider: Provider, subject: string): Promise<{ to: string[]; mail: Part }[]> {
  const all = (await provider.sent()).map(({ to, raw }) => ({ to, mail: parse(raw) }));
  return all.filter(({ mail }) => header(mail, "subject") === subject);
}

/** One pixel. */
const picture = { name: "boat.png", mimeType: "image/png", buffer: Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64") };

const sentOnce = (provider: Provider, subject: string) => expect.poll(async () => (await sentAs(provider, subject)).length).toBe(1);

for (const name of ["google", "microsoft"] as const) {
  test(`a message is written at ${name}, survives a reload, is called back once, and is sent once as it was written`, async ({ page, system }) => {
    const provider = await atInbox(page, system, name);
    const subject = `Plan für 2027 — 计划`;
    await page.getByRole("button", { name: "Compose" }).first().click();

    await test.step("recipients become chips, and people one wrote with are completed", async () => {
      await field(page, "To").pressSequentially("maria.sok");
      await expect(page.getByRole("option", { name: /Мария Соколова/ })).toBeVisible();
      await field(page, "To").press("Enter");
      await expect(writing(page).getByRole("button", { name: "Edit Мария Соколова <maria.sokolova@pochta.example>" })).toBeVisible();
      await field(page, "To").pressSequentially("Grace Hopper <grace@elsewhere.example>,");
      await expect(writing(page).getByRole("button", { name: "Remove Grace Hopper" })).toBeVisible();
    });

    await test.step("rich text and a file", async () => {
      await text(page).click();
      await page.keyboard.type("Вот план, as ");
      await writing(page).getByRole("button", { name: "Bold" }).click();
      await page.keyboard.type("agreed");
      await writing(page).getByRole("button", { name: "Bold" }).click();
      await page.keyboard.press("Enter");
      await writing(page).getByRole("button", { name: "Bulleted list" }).click();
      await page.keyboard.type("first the boat");
      await page.keyboard.press("Enter");
      await page.keyboard.type("then 房子");
      await expect(text(page).locator("strong")).toHaveText("agreed");
      const [chooser] = await Promise.all([page.waitForEvent("filechooser"), writing(page).getByRole("button", { name: "Attach files" }).click()]);
      await chooser.setFiles({ name: "план.bin", mimeType: "application/octet-stream", buffer: bytes });
      await expect(writing(page).getByRole("list", { name: "Attachments" })).toContainText("план.bin");
    });

    await test.step("a look into the accounts takes nothing of it", async () => {
      await expect(writing(page).getByText("50 kB")).toBeVisible();
      await page.getByRole("navigation", { name: "Folders" }).getByRole("link", { name: "Accounts", exact: true }).click();
      await expect(page.getByRole("heading", { name: "Mail accounts" })).toBeVisible();
      await page.goBack();
      await expect(text(page).getByRole("listitem")).toHaveText(["first the boat", "then 房子"]);
      await expect(writing(page).getByRole("list", { name: "Attachments" })).toContainText("план.bin");
    });

    await test.step("it is kept by itself, here and at the provider, and is there after a reload", async () => {
      await writing(page).getByRole("textbox", { name: "Subject" }).fill(subject);
      await expect(writing(page).getByRole("status")).toHaveText(/^Saved/);
      await expect.poll(async () => (await provider.mailbox()).messages.filter((message) => message.draft && message.subject === subject).length).toBe(1);
      await page.reload();
      await page.getByRole("button", { name: `Open “${subject}”` }).click();
      await expect(writing(page).getByRole("textbox", { name: "Subject" })).toHaveValue(subject);
      await expect(writing(page).getByRole("button", { name: "Remove Мария Соколова" })).toBeVisible();
      await expect(writing(page).getByRole("button", { name: "Remove Grace Hopper" })).toBeVisible();
      await expect(text(page).locator("strong")).toHaveText("agreed");
      await expect(text(page).getByRole("listitem")).toHaveText(["first the boat", "then 房子"]);
      await expect(writing(page).getByRole("list", { name: "Attachments" })).toContainText("план.bin");
    });

    await test.step("sending is called back", async () => {
      await writing(page).getByRole("button", { name: "Send", exact: true }).click();
      await expect(writing(page)).toBeHidden();
      await notice(page).getByRole("button", { name: "Undo" }).click();
      await expect(notice(page)).toContainText("Not sent; you can write on");
      await expect(text(page).locator("strong")).toHaveText("agreed");
      await expect(writing(page).getByRole("button", { name: "Remove Grace Hopper" })).toBeVisible();
    });

    await test.step("sent, once and as it was written", async () => {
      await writing(page).getByRole("button", { name: "Send", exact: true }).click();
      await expect(writing(page)).toBeHidden();
      // Later than the one that was called back would have been.
      await sentOnce(provider, subject);
      await expect(notice(page)).toContainText("Sent");
      const [sent] = await sentAs(provider, subject);
      expect(sent?.to.sort()).toEqual(["grace@elsewhere.example", "maria.sokolova@pochta.example"]);
      const mail = sent?.mail;
      if (mail === undefined) throw new Error("nothing was sent");
      expect(header(mail, "from")).toContain(provider.address);
      expect(header(mail, "to")).toContain("Мария Соколова");
      const html = textOf(mail, "text/html");
      // Whoever types very fast may find the space before it bold as well.
      expect(html).toMatch(/Вот план, as ?<strong> ?agreed<\/strong>/);
      expect(html).toMatch(/<li[^>]*>(<p[^>]*>)?first the boat/);
      expect(html).toContain("then 房子");
      expect(file(mail, "план.bin").equals(bytes)).toBe(true);
      await expect.poll(async () => (await provider.mailbox()).messages.filter((message) => message.draft && message.subject === subject).length).toBe(0);
      await openFolder(page, "Sent");
      await expect(row(page, subject)).toBeVisible();
      await openFolder(page, "Outbox");
      await expect(page.locator(".compose-outbox > li").filter({ hasText: subject }).filter({ hasText: "Cancelled" })).toHaveCount(1);
    });
  });

  test(`a reply joins its conversation at ${name}, and a forward takes the file along`, async ({ page, system }) => {
    const provider = await atInbox(page, system, name);
    const subject = "Question about the house";
    const [root, question] = ["<house-root@elsewhere.example>", "<house-question@elsewhere.example>"];
    await receive(page, provider, { subject, id: question, references: [root], from: "Lin Wei <lin.wei@elsewhere.example>", text: "How many windows does it have?", file: { name: "house.bin", bytes } });
    await openConversation(page, subject);

    await reader(page).getByRole("button", { name: "Reply", exact: true }).last().click();
    await expect(writing(page).getByRole("button", { name: "Remove Lin Wei" })).toBeVisible();
    await expect(writing(page).getByRole("textbox", { name: "Subject" })).toHaveValue(`Re: ${subject}`);
    await expect(text(page)).toBeFocused();
    await page.keyboard.type("Двенадцать. 十二。");
    await writing(page).getByRole("button", { name: "Send", exact: true }).click();
    await expect(writing(page)).toBeHidden();

    await reader(page).getByRole("button", { name: "Forward", exact: true }).last().click();
    await expect(writing(page).getByRole("list", { name: "Attachments" })).toContainText("house.bin");
    await field(page, "To").fill("grace@elsewhere.example");
    await text(page).click();
    await page.keyboard.type("See below.");
    // What is typed and is no chip yet counts as well.
    await writing(page).getByRole("button", { name: "Send", exact: true }).click();
    await expect(writing(page)).toBeHidden();

    await sentOnce(provider, `Re: ${subject}`);
    const [reply] = await sentAs(provider, `Re: ${subject}`);
    expect(reply?.to).toEqual(["lin.wei@elsewhere.example"]);
    const mail = reply?.mail;
    if (mail === undefined) throw new Error("nothing was sent");
    expect(header(mail, "in-reply-to")).toBe(question);
    expect(header(mail, "references")?.split(/\s+/)).toEqual([root, question]);
    const html = textOf(mail, "text/html");
    expect(html).toContain("Двенадцать. 十二。");
    expect(html).toContain("How many windows does it have?");
    const { messages } = await provider.mailbox();
    const thread = messages.find((message) => message.message_id === question)?.thread;
    expect(messages.filter((message) => message.thread === thread).length).toBeGreaterThanOrEqual(2);

    await sentOnce(provider, `Fwd: ${subject}`);
    const [forward] = await sentAs(provider, `Fwd: ${subject}`);
    expect(forward?.to).toEqual(["grace@elsewhere.example"]);
    const forwarded = forward?.mail;
    if (forwarded === undefined) throw new Error("nothing was sent");
    // At Google it begins a conversation of its own; Exchange itself writes into it what it forwards.
    expect(header(forwarded, "in-reply-to")).toBe(name === "google" ? undefined : question);
    expect(file(forwarded, "house.bin").equals(bytes)).toBe(true);
    expect(textOf(forwarded, "text/html")).toContain("How many windows does it have?");

    // The conversation has the reply without being opened anew, right after the question; at Microsoft the forward may have come as well.
    await expect(reader(page).getByRole("article").nth(1).frameLocator("iframe").getByText("Двенадцать. 十二。")).toBeVisible();
  });

  test(`a picture in a draft at ${name} is there after a reload, in the draft opened again, and in what is sent`, async ({ page, system }) => {
    const provider = await atInbox(page, system, name);
    const subject = "The boat, painted";
    const shown = () => expect.poll(() => text(page).getByRole("img", { name: picture.name }).evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(1);
    await page.getByRole("button", { name: "Compose" }).first().click();
    await field(page, "To").fill("grace@elsewhere.example");
    await writing(page).getByRole("textbox", { name: "Subject" }).fill(subject);
    await text(page).click();
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), writing(page).getByRole("button", { name: "Insert an image" }).click()]);
    await chooser.setFiles(picture);
    await shown();
    await expect(writing(page).getByRole("status")).toHaveText(/^Saved/);

    await page.reload();
    await page.getByRole("button", { name: `Open “${subject}”` }).click();
    await shown();

    await writing(page).getByRole("button", { name: "Save and close" }).click();
    await openFolder(page, "Drafts");
    await openConversation(page, subject);
    await reader(page).getByRole("button", { name: "Edit draft" }).click();
    await shown();

    await writing(page).getByRole("button", { name: "Send", exact: true }).click();
    await sentOnce(provider, subject);
    const [sent] = await sentAs(provider, subject);
    if (sent === undefined) throw new Error("nothing was sent");
    expect(textOf(sent.mail, "text/html")).toMatch(/<img[^>]* src="cid:[^"]+"/);
    expect(file(sent.mail, picture.name).equals(picture.buffer)).toBe(true);
  });
}
