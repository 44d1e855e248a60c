/** Every screen at three sizes, in both colours and three languages: nothing sticks out, every text is there, nothing complains. The pictures
 *  are for people to look at, in `target/browser/screens`. */
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import type { Page } from "@playwright/test";

import { linked, open } from "../src/people.ts";
import type { Person, System } from "../src/system.ts";
import { expect, test } from "../src/test.ts";

const FOLDER = fileURLToPath(new URL("../../../target/browser/screens/", import.meta.url));

const SIZES = [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
  { width: 390, height: 844 },
] as const;
const LANGUAGES = ["en", "ru", "zh"] as const;

interface Screen {
  name: string;
  path: string;
  /** Until it shows what it is for. */
  ready: (page: Page) => Promise<void>;
}

const shows = (selector: string) => async (page: Page) => {
  await expect(page.locator(selector).first()).toBeVisible();
};

const ADMINISTRATOR: readonly Screen[] = [
  { name: "home", path: "/", ready: shows("main h1, main h2") },
  { name: "plugins", path: "/plugins", ready: shows("main article") },
  { name: "plugin", path: "/plugins/email-manager", ready: shows("main h1") },
  { name: "mail-settings", path: "/admin/settings/mail", ready: shows("input") },
  { name: "users", path: "/users", ready: shows("main h1") },
  { name: "tokens", path: "/tokens", ready: shows("main h1") },
  { name: "audit", path: "/audit", ready: shows("main h1") },
  { name: "nothing", path: "/nowhere", ready: shows("main h1") },
];

const MEMBER: readonly Screen[] = [
  { name: "mailbox", path: "/mail", ready: shows(".mail-row") },
  {
    name: "conversation",
    path: "/mail",
    ready: async (page) => {
      await page.locator(".mail-row-body").first().click();
      await expect(page.locator(".mail-conversation .mail-answer")).toBeVisible();
    },
  },
  {
    name: "search",
    path: "/mail/search?q=quokkaphone",
    ready: shows(".mail-row"),
  },
  {
    name: "compose",
    path: "/mail",
    ready: async (page) => {
      await expect(page.locator(".mail-row").first()).toBeVisible();
      await page.keyboard.press("c");
      await expect(page.locator("[contenteditable=true]")).toBeVisible();
    },
  },
  {
    name: "shortcuts",
    path: "/mail",
    ready: async (page) => {
      await expect(page.locator(".mail-row").first()).toBeVisible();
      await page.keyboard.press("Shift+?");
      await expect(page.getByRole("dialog")).toBeVisible();
    },
  },
  { name: "accounts", path: "/mail/accounts", ready: shows("main h1, main h2") },
];

async function speak(page: Page, system: System, locale: string): Promise<void> {
  const answer = await page.request.patch(new URL("/api/me", system.base).href, { data: { locale }, headers: { origin: new URL(system.base).origin } });
  expect(answer.ok(), await answer.text()).toBe(true);
}

/** A text that nobody translated is shown as its key: `plugins.title`, `attachLimit`. */
async function untranslated(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const keys: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const text = node.textContent?.trim() ?? "";
      if (node.parentElement?.closest("code, pre, script, style, .mail-row, .shell-code") === null && /^[a-z]+(?:\.[a-z][A-Za-z-]+)+$/.test(text)) keys.push(text);
    }
    return keys;
  });
}

/** What sticks out to the side: a page that scrolls both ways can't be read on a phone. */
async function wider(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

async function look(page: Page, system: System, person: Person, screens: readonly Screen[]): Promise<string[]> {
  const faults: string[] = [];
  const where = { now: "" };
  // Signing in is told in English, and begins with being told that one is not signed in.
  await open(page, system, person, "/tokens");
  page.on("console", (message) => {
    // What is not there is answered with 404, and the browser notes that.
    if (message.type() === "error" && !/status of 404/.test(message.text())) faults.push(`${where.now}: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`${where.now}: ${error.message}`));
  await mkdir(FOLDER, { recursive: true });
  for (const language of LANGUAGES) {
    await speak(page, system, language);
    for (const screen of screens) {
      where.now = `${screen.name} ${language}`;
      await page.setViewportSize(SIZES[0]);
      await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
      // What was being written would come back.
      await page.evaluate(() => sessionStorage.clear());
      await page.goto(new URL(screen.path, system.base).href);
      await screen.ready(page);
      for (const size of SIZES) {
        await page.setViewportSize(size);
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
          const name = `${screen.name}-${size.width}-${colorScheme}-${language}`;
          await page.screenshot({ path: `${FOLDER}${name}.png`, animations: "disabled" });
        }
        const over = await wider(page);
        if (over > 0) faults.push(`${where.now}: ${over} pixels too wide at ${size.width}`);
      }
      faults.push(...(await untranslated(page)).map((key) => `${where.now}: ${key} is not translated`));
    }
  }
  await speak(page, system, "en");
  return faults;
}

test("sign-in and the administrator's screens hold at every size, colour and language", async ({ page, system }) => {
  expect(await look(page, system, system.administrator, ADMINISTRATOR)).toEqual([]);
});

test("the member's screens hold at every size, colour and language", async ({ page, system }) => {
  await linked(page, system, "google");
  await linked(page, system, "microsoft");
  expect(await look(page, system, system.member, MEMBER)).toEqual([]);
});
