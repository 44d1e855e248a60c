/**
 * Mail that wants more than to be read. Each payload is a message of its own, delivered by the provider, opened in the reader of the real pages, touched
 * everywhere, and shown again with remote images allowed. What it does is seen from outside: scripts that run, requests, whom the browser reaches, windows,
 * frames and pages that go elsewhere, and elements outside of its frame.
 */
import type { Browser, BrowserContext, Frame, Locator, Page } from "@playwright/test";

import { bleach, dompurify, own, type Case } from "../src/hostile/cases.ts";
import { CONFUSED, FILES, INLINE } from "../src/hostile/files.ts";
import { conversations, deliver, messages, read, synchronised, type Letter } from "../src/post.ts";
import { openAll, provoke, scripts, showImages, strangers } from "../src/hostile/reader.ts";
import { messageOf, trap, Watch, type Trap } from "../src/hostile/watch.ts";
import { linked } from "../src/people.ts";
import type { System } from "../src/system.ts";
import { expect, test } from "../src/test.ts";

/** Messages of one conversation: its frames are drawn at the same time. */
const TOGETHER = 20;

interface Batch {
  thread: string;
  /** By message. */
  cases: ReadonlyMap<string, Case>;
}

// What records a trace runs scripts in each frame and loads its images again: the policies hold that back, and it would be taken for the mail's.
test.use({ trace: "off", screenshot: "off" });

let foreign: Trap;
let browser: Browser;
let singles = 0;
let session: Awaited<ReturnType<BrowserContext["storageState"]>>;
const batches = new Map<string, Batch[]>();

test.beforeAll(async ({ playwright, launchOptions, system }) => {
  foreign = await trap();
  // A frame whose document a test made has no address: without the flag this browser would keep it from reaching the trap, which is on this machine.
  browser = await playwright.chromium.launch({ ...launchOptions, args: [...(launchOptions.args ?? []), foreign.rule, "--disable-features=LocalNetworkAccessChecks"] });
  const context = await browser.newContext({ locale: "en-US", viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await linked(page, system, "google");
  session = await context.storageState();

  const collections = { own: own(), dompurify: dompurify(), bleach: bleach() };
  const letters: Letter[] = [];
  for (const [collection, cases] of Object.entries(collections)) {
    cases.forEach(({ html }, index) => {
      const batch = Math.floor(index / TOGETHER);
      const id = (at: number) => `${collection}.${at}@evil.example`;
      const root = batch * TOGETHER;
      letters.push({ id: id(index), ...(index === root ? {} : { root: id(root) }), from: { name: `${collection} ${index}` }, subject: `${collection} ${batch}`, html });
    });
  }
  await deliver(system, "google", letters);
  await synchronised(page, system, "google");

  const threads = await conversations(page, system);
  for (const [collection, cases] of Object.entries(collections)) {
    const all: Batch[] = [];
    for (let batch = 0; batch * TOGETHER < cases.length; batch += 1) {
      const thread = threads.get(`${collection} ${batch}`);
      if (thread === undefined) throw new Error(`${collection} ${batch} did not arrive`);
      const known = new Map<string, Case>();
      for (const { id, message_header_id } of await messages(page, system, thread)) {
        const index = Number(/\.(\d+)@/.exec(message_header_id ?? "")?.[1]);
        const each = cases[index];
        if (each === undefined) throw new Error(`${message_header_id} is not one of ${collection}`);
        known.set(id, each);
      }
      all.push({ thread, cases: known });
    }
    expect(all.reduce((sum, { cases }) => sum + cases.size, 0)).toBe(cases.length);
    batches.set(collection, all);
  }
  await context.close();
});

test.afterAll(async () => {
  await browser.close();
  await foreign.close();
});

/** A reader who is signed in, with the list open, in a browser that reaches nobody but the host. */
async function reading(base: string, use: (page: Page, watch: Watch) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ locale: "en-US", viewport: { width: 1440, height: 900 }, storageState: session });
  const watch = await Watch.over(context, base);
  for (const [message, { name }] of [...batches.values()].flat().flatMap(({ cases }) => [...cases])) watch.name(message, name);
  const page = await context.newPage();
  await page.goto(new URL("/mail/inbox", base).href);
  await expect(page.locator(".mail-row").first()).toBeVisible();
  foreign.caught();
  try {
    await use(page, watch);
  } finally {
    await context.close();
  }
}

/** Wakes what these frames hold; answers links that do not lead out as they should. */
async function touch(frames: readonly Frame[]): Promise<string[]> {
  return (await Promise.all(frames.map(provoke))).flat();
}

const of = (collection: string): Batch[] => batches.get(collection) ?? [];

for (const collection of ["own", "dompurify", "bleach"]) {
  test(`nothing of the collection “${collection}” does anything when it is read, with or without its images`, async ({ system }) => {
    await reading(system.base, async (page, watch) => {
      const before = await scripts(page);
      for (const { thread, cases } of of(collection)) {
        const wrong = await touch(await openAll(page, thread, cases.size));
        expect.soft(watch.proxied, "remote images before they are allowed").toEqual([]);
        wrong.push(...(await touch(await showImages(page))));
        watch.proxied.splice(0);
        expect.soft(wrong, "links").toEqual([]);
        expect.soft(watch.seen(), "done").toEqual([]);
        // The plugin took everything out before it came here: there was nothing left for the policy to hold back.
        expect.soft(watch.tried(), "tried").toEqual([]);
        expect.soft(foreign.caught(), "reached").toEqual([]);
        expect.soft(await strangers(page), "outside of the frames").toEqual([]);
      }
      expect(await scripts(page)).toBe(before);
      expect(new URL(page.url()).origin).toBe(new URL(system.base).origin);
    });
  });
}

/** Puts what strangers wrote into the frames as it is, with the headers that `headers` makes of the host's. */
async function unsanitised(page: Page, collection: string, headers: (host: Record<string, string>) => Record<string, string>): Promise<void> {
  const all = new Map(of(collection).flatMap(({ cases }) => [...cases]));
  let host: { head: string; headers: Record<string, string> } | undefined;
  await page.route("**/api/mail/messages/*/view?*", async (route) => {
    if (host === undefined) {
      // What is the host's own is the same for every message: its headers, and its head with the one script that may run.
      const given = await route.fetch();
      const [head = ""] = (await given.text()).split("</head>");
      const { "content-length": _, ...others } = given.headers();
      expect(others["content-security-policy"]).toMatch(/^sandbox /);
      host = { head, headers: others };
    }
    const html = all.get(messageOf(route.request().url()) ?? "")?.html ?? "";
    await route.fulfill({ headers: headers(host.headers), body: `${host.head}</head><body>${html}</body></html>` });
  });
}

/** Case by case, what strangers’ mail does in frames that `headers` guards. */
async function actsOf(page: Page, watch: Watch, collection: string): Promise<{ seen: string[]; tried: string[]; reached: string[] }> {
  const acts = { seen: [] as string[], tried: [] as string[], reached: [] as string[] };
  for (const { thread, cases } of of(collection)) {
    await touch(await openAll(page, thread, cases.size));
    acts.seen.push(...watch.seen());
    acts.tried.push(...watch.tried());
    acts.reached.push(...foreign.caught());
  }
  return acts;
}

test("where nothing is taken out and no policy holds, the same mail is seen to run scripts, to load, and to lead away", async ({ system }) => {
  await reading(system.base, async (page, watch) => {
    await unsanitised(page, "own", ({ ["content-security-policy"]: _, ...others }) => others);
    const { seen, tried, reached } = await actsOf(page, watch, "own");
    const all = [...seen, ...tried, ...reached].join("\n");
    // Most of them, in the browser of today; and by each way of seeing at least one.
    const acting = own().filter(({ name }) => all.includes(`“${name}”`));
    expect(acting.length).toBeGreaterThan(own().length * 0.75);
    expect(seen).toContain("“script” ran alert(script)");
    expect(seen.join("\n")).toMatch(/“css url” asked for http:\/\/css-url\.evil\.example\/a/);
    expect(seen.join("\n")).toMatch(/opened a window/);
    expect(tried.join("\n")).toMatch(/led a frame to nowhere/);
    expect(reached.join("\n")).toMatch(/GET image\.evil\.example\/a\.png/);
  });
});

test("were nothing taken out, the policy of a shown message alone would hold it", async ({ system }) => {
  await reading(system.base, async (page, watch) => {
    await unsanitised(page, "own", (host) => host);
    const { seen, tried, reached } = await actsOf(page, watch, "own");
    // A click may open a window, and what was asked for is told here also when it was held back; whom it reached is told below.
    expect(seen.filter((what) => !/opened a window|asked for/.test(what))).toEqual([]);
    expect(reached).toEqual([]);
    expect(tried.length).toBeGreaterThan(20);
  });
});

/** Delivers one message and opens it, alone. */
async function opened(page: Page, system: System, watch: Watch, letter: Omit<Letter, "id">): Promise<Locator> {
  const id = `single.${(singles += 1)}@evil.example`;
  await deliver(system, "google", [{ id, ...letter }]);
  await synchronised(page, system, "google");
  const row = page.locator(".mail-row").first();
  const [newest] = await read<{ items: { id: string }[] }>(page, system, "/api/mail/threads?limit=1").then(({ items }) => items);
  if (newest === undefined) throw new Error("nothing arrived");
  await expect(row).toHaveAttribute("data-thread", newest.id);
  for (const message of await messages(page, system, newest.id)) watch.name(message.id, id);
  await row.locator("a").click();
  const conversation = page.locator(".mail-conversation:visible");
  await expect(page).toHaveURL((url) => url.pathname.endsWith(`/t/${encodeURIComponent(newest.id)}`));
  await expect(conversation).toHaveCount(1);
  await expect(conversation.locator("h2")).toBeVisible();
  return conversation;
}

/** Nothing was done, tried or reached, and the page is made of its own elements. */
async function quiet(page: Page, watch: Watch): Promise<void> {
  expect(watch.seen(), "done").toEqual([]);
  expect(watch.tried(), "tried").toEqual([]);
  expect(foreign.caught(), "reached").toEqual([]);
  expect(await strangers(page), "outside of the frames").toEqual([]);
}

const TEXTS = [
  "<img src=x onerror=alert(1)>",
  '"><script>alert(1)</script><"',
  "</title></h2><svg onload=alert(1)>",
  "&lt;b&gt; &amp;lt; {{constructor.constructor('alert(1)')()}} ${alert(1)}",
  "javascript:alert(1)//https://x.evil.example/",
];
/** A header within a header; only an encoded word can carry it. */
const SMUGGLED = "Hello\r\nBcc: victim@example.com\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script>";

test("markup and line ends in a subject and in a sender’s name are text, wherever they are shown", async ({ system }) => {
  await reading(system.base, async (page, watch) => {
    for (const text of [...TEXTS, SMUGGLED]) {
      const name = text === SMUGGLED ? "Smuggler" : text;
      const conversation = await opened(page, system, watch, { from: { name }, subject: text, html: "<p>Hello</p>" });
      await expect(conversation.locator("h2")).toHaveText(text);
      await expect(conversation.locator(".mail-message-from strong")).toHaveText(name);
      await expect(conversation.locator(".mail-message-address")).toHaveText("<stranger@evil.example>");
      const row = page.locator(".mail-row").first();
      await expect(row.locator(".mail-row-subject")).toHaveText(text);
      await expect(row.locator(".mail-row-who")).toHaveText(name);
      await conversation.getByRole("button", { name: "Details" }).click();
      const details = conversation.locator(".mail-message-details");
      await expect(details.locator("dd").filter({ hasText: "@evil.example" }).first()).toHaveText(`${name} <stranger@evil.example>`);
      // What was smuggled in behind a line end is no field of the message.
      await expect(details.getByText("Bcc", { exact: true })).toHaveCount(0);
      await quiet(page, watch);
    }
  });
});

// Gmail hands on decoded headers, where a name can look like an address: `plugin/core/src/provider/headers.rs`.
test("an address within a sender’s name is not taken for the sender’s", async ({ system }) => {
  await reading(system.base, async (page, watch) => {
    for (const name of ["Bank <service@bank.example>", "service@bank.example", SMUGGLED]) {
      const conversation = await opened(page, system, watch, { from: { name, encoded: true }, subject: "Your account", html: "<p>Hello</p>" });
      await expect(conversation.locator(".mail-message-address")).toHaveText("<stranger@evil.example>");
      await expect(conversation.locator(".mail-message-from strong")).toHaveText(name);
      await quiet(page, watch);
    }
  });
});

test("files that are not what they say are shown as what is harmless, or saved, and never run", async ({ system }) => {
  await reading(system.base, async (page, watch) => {
    const conversation = await opened(page, system, watch, { from: { name: "Files" }, subject: "Files", html: "<p>Hello</p>", parts: FILES });
    const files = conversation.locator(".mail-file");
    await expect(files.locator(".mail-file-name")).toHaveText(FILES.map(({ name, shown }) => shown ?? name));
    const looked: string[] = [];
    for (const [index, { name, shown }] of FILES.entries()) {
      const main = files.nth(index).locator(".mail-file-main");
      const saved = await main.getAttribute("download");
      if (saved !== null) {
        expect(saved).toBe(shown ?? name);
        continue;
      }
      looked.push(name);
      await main.click();
      const preview = page.locator(".mail-preview");
      // As text it is read, as PDF it is in the browser's viewer, and what is no image says so.
      await expect(preview.locator("pre, iframe").or(preview.getByText(/^This image can’t be shown\./))).toBeVisible();
      await page.keyboard.press("Escape");
      await expect(preview).toBeHidden();
    }
    expect(looked).not.toContain("invoice.html");
    expect(looked).not.toContain("logo.svg");
    expect(looked).toContain("index.html");
    await quiet(page, watch);

    // By their addresses, as whoever gets somebody to open one would have it.
    const addresses = await files.locator(".mail-file-load").evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).href));
    expect(addresses).toHaveLength(FILES.length);
    const other = await page.context().newPage();
    for (const address of addresses) {
      for (const url of [address, `${address}?disposition=inline`]) {
        const answer = await page.request.get(url);
        expect(answer.headers()["x-content-type-options"], url).toBe("nosniff");
        expect(answer.headers()["content-security-policy"], url).toMatch(/^sandbox; default-src 'none'/);
        if (/^attachment/.test(answer.headers()["content-disposition"] ?? "")) continue;
        expect(answer.headers()["content-type"], url).toMatch(/^(?:image\/(?:png|jpeg|gif|webp|avif|bmp)|text\/plain|application\/pdf)\b/);
        await other.goto(url);
      }
    }
    expect(watch.seen()).toEqual([]);
    expect(foreign.caught()).toEqual([]);
  });
});

test("a text can name nothing as its image but the images of its own message", async ({ system }) => {
  await reading(system.base, async (page, watch) => {
    const asked: string[] = [];
    page.on("request", (request) => {
      if (request.frame().parentFrame() !== null && !request.isNavigationRequest()) asked.push(new URL(request.url()).pathname);
    });
    const conversation = await opened(page, system, watch, { from: { name: "Confused" }, subject: "Confused", html: CONFUSED, parts: INLINE });
    await expect(conversation.locator(".mail-frame:not([data-pending])")).toBeVisible();
    const frame = await (await conversation.locator("iframe").elementHandle())?.contentFrame();
    if (frame == null) throw new Error("there is no frame");
    await frame.waitForLoadState("load");
    expect(await provoke(frame)).toEqual([]);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((path) => !/^\/api\/mail\/inline\/[^/]+\/[^/]+$/.test(path))).toEqual([]);
    // None of them is an image, whatever it says.
    expect(await frame.evaluate(() => [...document.images].filter((image) => image.naturalWidth > 0).length)).toBe(0);
    await quiet(page, watch);
  });
});

test("a link opens beside the mail, whatever it asks for, and tells nobody where it was", async ({ system }) => {
  await reading(system.base, async (page, watch) => {
    const html = ["_top", "_parent", "_self", "mail", ""].map((target) => `<p><a href="http://link${target.replace("_", "-")}.evil.example/a" target="${target}" rel="opener" referrerpolicy="unsafe-url">to ${target}</a></p>`).join("");
    const conversation = await opened(page, system, watch, { from: { name: "Links" }, subject: "Links", html });
    const { pathname } = new URL(page.url());
    const links = conversation.frameLocator("iframe").getByRole("link");
    await expect(links).toHaveCount(5);
    for (const link of await links.all()) {
      const popup = page.waitForEvent("popup");
      await link.click();
      const elsewhere = await popup;
      await expect(elsewhere).toHaveTitle("Elsewhere");
      expect(await elsewhere.evaluate(() => window.opener === null && document.referrer === "")).toBe(true);
      await elsewhere.close();
    }
    expect(new URL(page.url()).pathname).toBe(pathname);
    expect(foreign.caught().filter((what) => !/\/favicon\.ico /.test(what))).toEqual(["link-top", "link-parent", "link-self", "linkmail", "link"].map((host) => `GET ${host}.evil.example/a referrer=`));
    expect(watch.seen().filter((what) => !/opened a window|asked for http:\/\/link/.test(what))).toEqual([]);
  });
});

test("an answer quotes hostile mail as harmlessly as it is shown", async ({ system }) => {
  await reading(system.base, async (page, watch) => {
    // What never ends its own text would hide those behind it.
    const html = own().filter(({ name }) => !/raw text|utf-7|comment|mutation|script/.test(name)).map(({ html }) => `<div>${html}</div>`).join("");
    const conversation = await opened(page, system, watch, { from: { name: "Quoted" }, subject: "Quoted", html });
    await conversation.getByRole("button", { name: "Reply", exact: true }).first().click();
    const quoted = page.locator(".compose-quoted");
    await quoted.getByRole("button", { name: "Show the quoted message" }).click();
    await expect(quoted.frameLocator("iframe").getByText("text").first()).toBeVisible();
    await quiet(page, watch);
  });
});
