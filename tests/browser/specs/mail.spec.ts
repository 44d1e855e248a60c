/** How mail is found and read. */
import { readFile } from "node:fs/promises";

import type { Page } from "@playwright/test";

import { atInbox, openConversation, reader, row } from "../src/mail.ts";
import { file, leaves, parse } from "../src/mime.ts";
import type { Mailbox } from "../src/provider.ts";
import { expect, test } from "../src/test.ts";

test.use({ story: "mail" });

/** The documented messages that the fakes have; see `tests/provider-sim/src/corpus/landmark.rs`. */
const MIXED = {
  subject: "Поездка в Шанхай — 上海之行",
  id: "<landmark-mixed@pochta.example>",
  texts: [
    "Поезд отправляется ровно в полдень, билеты у меня.",
    "我们中午在外滩的钟楼下面见面。",
    "Café à la gare: crème brûlée, naïve façade = 12,50 €, réservation confirmée pour quatre personnes.",
  ],
  file: "программа поездки.pdf",
  image: "skyline.png",
};
const WORD = { subject: "Instrument for the spring concert", word: "quokkaphone" };

/** Conversations that the provider has in its inbox. */
function conversations({ messages, folders }: Mailbox): number {
  const inbox = folders.find(({ role }) => role?.toLowerCase() === "inbox")?.id ?? "";
  return new Set(messages.filter((message) => message.folders.includes(inbox)).map(({ thread }) => thread)).size;
}

interface Row {
  at: number;
  thread: string;
  time: number;
}

const drawn = (page: Page): Promise<Row[]> =>
  page.locator(".mail-rows [aria-posinset]").evaluateAll((items) =>
    items.map((item) => ({
      at: Number(item.getAttribute("aria-posinset")),
      thread: item.querySelector("[data-thread]")?.getAttribute("data-thread") ?? "",
      time: Date.parse(item.querySelector("time")?.getAttribute("datetime") ?? ""),
    })),
  );

for (const name of ["google", "microsoft"] as const) {
  test(`the inbox of ${name} is read page by page while one scrolls: everything once, the newest first`, async ({ page, system }) => {
    const provider = await atInbox(page, system, name);
    const cursors: string[] = [];
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.pathname === "/api/mail/threads" && url.searchParams.has("cursor")) cursors.push(url.searchParams.get("cursor") ?? "");
    });
    await page.reload();
    const list = page.locator(".mail-rows");
    await expect(list.locator(".mail-row").first()).toBeVisible();
    expect(cursors).toEqual([]);
    const seen = new Map<number, Row>();
    const collect = async () => {
      for (const each of await drawn(page)) seen.set(each.at, each);
      return seen.size;
    };
    const last = list.locator("[aria-setsize]").last();
    await expect
      .poll(
        async () => {
          await collect();
          await list.evaluate((element) => element.scrollBy({ top: element.clientHeight - 80 }));
          const [size, at] = await Promise.all([last.getAttribute("aria-setsize"), last.getAttribute("aria-posinset")]);
          return size === at ? collect() : "more";
        },
        { intervals: [30] },
      )
      .toBe(conversations(await provider.mailbox()));
    expect(cursors.length).toBeGreaterThan(0);
    const rows = [...seen.values()].sort((a, b) => a.at - b.at);
    expect(new Set(rows.map(({ thread }) => thread)).size).toBe(rows.length);
    expect(rows.map(({ time }) => time)).toEqual(rows.map(({ time }) => time).sort((a, b) => b - a));
  });

  test(`a conversation of ${name} in several scripts is shown as it was written, with its image, and its file comes byte for byte`, async ({ page, system }) => {
    const provider = await atInbox(page, system, name);
    const held = (await provider.mailbox()).messages.find((message) => message.message_id === MIXED.id);
    const original = parse(await provider.raw(held?.id ?? ""));

    await openConversation(page, MIXED.subject);
    const mixed = reader(page).getByRole("article").filter({ hasText: "Мария Соколова" }).filter({ hasText: MIXED.file });
    const closed = reader(page).locator(".mail-message-line").nth(1);
    // Once it was read, only the last one is open.
    await expect(mixed.or(closed).first()).toBeVisible();
    if (await mixed.isHidden()) await closed.click();
    await expect(mixed).toContainText("maria.sokolova@pochta.example");
    const body = mixed.frameLocator("iframe");
    for (const text of MIXED.texts) await expect(body.getByText(text)).toBeVisible();
    // As large as its file says in its head.
    const picture = leaves(original).find((part) => part.name === MIXED.image)?.bytes;
    const size = [picture?.readUInt32BE(16), picture?.readUInt32BE(20)];
    const shown = body.getByRole("img", { name: "skyline" });
    await expect.poll(() => shown.evaluate((image: HTMLImageElement) => [image.naturalWidth, image.naturalHeight])).toEqual(size);
    await expect(shown).toBeVisible();

    const [download] = await Promise.all([page.waitForEvent("download"), mixed.getByRole("link", { name: `Download ${MIXED.file}` }).click()]);
    expect(download.suggestedFilename()).toBe(MIXED.file);
    const loaded = await readFile(await download.path());
    expect(loaded.equals(file(original, MIXED.file))).toBe(true);
  });

  test(`a word of a body is found at ${name}, and shown where it stands`, async ({ page, system }) => {
    await atInbox(page, system, name);
    const search = page.getByRole("combobox", { name: "Search mail" });
    await search.fill(WORD.word);
    await search.press("Enter");
    await expect(page.getByRole("heading", { level: 1, name: "Search results" })).toBeVisible();
    const found = page.locator(".mail-row");
    await expect(found).toHaveCount(1);
    await expect(row(page, WORD.subject).locator(".mail-row-snippet mark")).toHaveText(WORD.word);
    await openConversation(page, WORD.subject);
    await expect(reader(page).locator("mark").first()).toHaveText(WORD.word);
    // Letters are found without their case, in any script.
    await search.fill("ПОЛДЕНЬ");
    await search.press("Enter");
    await expect(row(page, MIXED.subject)).toBeVisible();
    await search.fill("zzyzxnothing");
    await search.press("Enter");
    await expect(page.getByRole("heading", { name: "Nothing found for “zzyzxnothing”" })).toBeVisible();
    await page.getByRole("button", { name: "Clear search" }).last().click();
    await expect(page.getByRole("heading", { level: 1, name: "Inbox" })).toBeVisible();
  });
}
