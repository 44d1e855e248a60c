/** Nobody waits for the network to see what they did, nor to read again what they have just read. */
import type { Page, Route } from "@playwright/test";

import { deliver, messages, read, synchronised } from "../src/post.ts";
import { linked, open } from "../src/people.ts";
import type { System } from "../src/system.ts";
import { expect, test } from "../src/test.ts";

/** Delivers read messages, each a conversation, and opens the inbox with them on top; answers the conversations, newest first. */
async function inbox(page: Page, system: System, name: string, count: number): Promise<string[]> {
  await linked(page, system, "google");
  const letters = Array.from({ length: count }, (_, index) => ({ id: `${name}.${index}@evil.example`, from: { name: "Quick" }, subject: `${name} ${index}`, html: `<p>This is <b>${name} ${index}</b></p>` }));
  await deliver(system, "google", letters);
  await synchronised(page, system, "google");
  await open(page, system, system.member, "/mail/inbox");
  const { items } = await read<{ items: { id: string; subject: string }[] }>(page, system, `/api/mail/threads?limit=${count}`);
  expect(items.map(({ subject }) => subject)).toEqual(letters.map(({ subject }) => subject).reverse());
  await expect(page.locator(".mail-row").first()).toHaveAttribute("data-thread", items[0]?.id ?? "");
  return items.map(({ id }) => id);
}

/** Keeps requests waiting until `go` is called. */
async function held(page: Page, address: string): Promise<{ asked(): number; go(): void }> {
  let asked = 0;
  let go = () => {};
  const gate = new Promise<void>((resolve) => (go = resolve));
  await page.route(address, async (route: Route) => {
    asked += 1;
    await gate;
    await route.continue();
  });
  return { asked: () => asked, go };
}

const text = (page: Page, words: string) => page.locator(".mail-conversation:visible").frameLocator("iframe").getByText(words);

const row = (page: Page, thread: string | undefined) => page.locator(`[data-thread="${thread}"]`);

test("a star shows before the host has answered, and stays", async ({ page, system }) => {
  const [thread] = await inbox(page, system, "star", 1);
  const star = row(page, thread).locator(".mail-row-star");
  await expect(star).toHaveAttribute("aria-pressed", "false");
  const actions = await held(page, "**/api/mail/actions");
  await star.click();
  await expect(star).toHaveAttribute("aria-pressed", "true");
  await expect.poll(actions.asked).toBe(1);
  await expect(star).toHaveAttribute("aria-pressed", "true");
  const answered = page.waitForResponse("**/api/mail/actions");
  actions.go();
  expect((await answered).ok()).toBe(true);
  await page.reload();
  await expect(star).toHaveAttribute("aria-pressed", "true");
});

test("an archived conversation is gone and the next one open before the host has answered, and stays gone", async ({ page, system }) => {
  const [first, second] = await inbox(page, system, "archive", 2);
  await row(page, first).locator("a").click();
  await expect(text(page, "This is archive 1")).toBeVisible();
  const actions = await held(page, "**/api/mail/actions");
  await page.keyboard.press("e");
  await expect(row(page, first)).toHaveCount(0);
  await expect(page.locator(".mail-conversation:visible h2")).toHaveText("archive 0");
  await expect(page.getByRole("status").getByText(/archived/i)).toBeVisible();
  await expect.poll(actions.asked).toBe(1);
  const answered = page.waitForResponse("**/api/mail/actions");
  actions.go();
  expect((await answered).ok()).toBe(true);
  await page.reload();
  await expect(row(page, second)).toBeVisible();
  await expect(row(page, first)).toHaveCount(0);
});

test("what the host refuses comes back, with the reason", async ({ page, system }) => {
  const [thread] = await inbox(page, system, "refused", 1);
  let refuse = () => {};
  const refused = new Promise<void>((resolve) => (refuse = resolve));
  await page.route("**/api/mail/actions", async (route) => {
    await refused;
    await route.fulfill({ status: 409, contentType: "application/problem+json", json: { type: "urn:plugin-host:problem:conflict", title: "Conflict", status: 409, detail: "The mailbox is locked.", action: "Try later." } });
  });
  await row(page, thread).locator("a").focus();
  await page.keyboard.press("e");
  await expect(row(page, thread)).toHaveCount(0);
  refuse();
  await expect(row(page, thread)).toBeVisible();
  await expect(page.getByRole("status").getByText("The mailbox is locked.")).toBeVisible();
});

test("read conversations that are opened again are there without a request, their formatted text included", async ({ page, system }) => {
  // Data count as new for a minute, which a busy machine may need for this.
  await page.clock.setFixedTime(new Date());
  const threads = await inbox(page, system, "again", 3);
  const known = await Promise.all(threads.map(async (thread) => (await messages(page, system, thread)).map(({ id }) => id)));
  const asked: string[] = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    const own = threads.some((thread) => pathname.includes(`/threads/${thread}`)) || known.flat().some((message) => pathname.includes(`/messages/${message}/`));
    if (own) asked.push(pathname.replace(/\/[^/]*$/, "/…").concat(/view|text/.exec(pathname)?.[0] ?? ""));
  });
  const openOne = async (at: number) => {
    await row(page, threads[at]).locator("a").click();
    await expect(page.locator(".mail-conversation:visible h2")).toHaveText(`again ${2 - at}`);
    await expect(text(page, `This is again ${2 - at}`)).toBeVisible();
  };
  for (const at of [0, 1, 2]) await openOne(at);
  // Of each: the conversation, what it says, and its frame.
  for (const what of ["/threads/…", "/…text", "/…view"]) expect(asked.filter((each) => each.endsWith(what))).toHaveLength(3);
  asked.length = 0;
  for (const at of [0, 1, 2, 0]) await openOne(at);
  expect(asked).toEqual([]);
});
