/**
 * How the mailbox feels with very many messages. Figures of a machine that does something else meanwhile are worth little, so a task counts by the time that
 * the processor spent on it; what the clock on the wall says is told beside it.
 */
import { writeFile } from "node:fs/promises";

import { expect, test, type Page } from "@playwright/test";

import { deliver, read, synchronised } from "../src/post.ts";
import { link, open } from "../src/people.ts";
import { running, type System } from "../src/system.ts";
import { busy, type Busy } from "../src/tasks.ts";

const MESSAGES = Number(process.env["BROWSER_MESSAGES"] ?? 100_000);
/** Longer, and a click or a frame is felt to be late. */
const LONGEST = 50;
/** Pixels a second; a row is 80 high. */
const SPEED = 8_000;
const SECONDS = 24;

/** A folder for traces, to see what the tasks did. Watching that closely costs time itself. */
const KEEP = process.env["BROWSER_TRACE"];

test("the mailbox with very many messages", async ({ browser, page }) => {
  await running({ bare: false, messages: MESSAGES, small: true }, async (system) => {
    const filled = await fill(page, system);
    await open(page, system, system.member, "/mail/all");
    await expect(page.locator(".mail-row").first()).toBeVisible();
    const rows: string[][] = [];

    const down = await busy(browser, page, () => scroll(page, SPEED, SECONDS), keep("down"));
    rows.push(told(`scrolling ${(await passed(page)).toLocaleString("en")} rows from the top`, down));

    const end = await busy(browser, page, () => toTheEnd(page), keep("end"));
    const all = await passed(page);
    rows.push(told(`to the end of ${all.toLocaleString("en")} rows by the key`, end));

    const up = await busy(browser, page, () => scroll(page, -SPEED, SECONDS), keep("up"));
    rows.push(told("scrolling up from the end, all of them loaded", up));

    const bar = await busy(browser, page, () => jump(page, SECONDS), keep("bar"));
    rows.push(told("jumping about in all of them, as with the bar", bar));

    const act = await acting(page);
    const fresh = await reopening(page, system);
    const figures = [
      `### The mailbox in a browser (\`pages\`), ${filled.toLocaleString("en")} messages`,
      "",
      "| | seconds | longest task, CPU ms | on the wall ms | tasks over 50 ms on the wall | frame, median / 99 % ms | elements at most |",
      "|---|---|---|---|---|---|---|",
      ...rows.map((row) => `| ${row.join(" | ")} |`),
      "",
      "| | median ms | at most ms |",
      "|---|---|---|",
      `| a star on a row shows, its request held back, all rows loaded | ${act.median} | ${act.most} |`,
      `| a conversation that was read is there again, without a request | ${fresh.median} | ${fresh.most} |`,
      "",
      "",
    ].join("\n");
    console.log(figures);
    const file = process.env["BROWSER_FIGURES"];
    if (file !== undefined) await writeFile(file, figures);
    for (const { longest, elements } of [down, end, up, bar]) {
      expect(longest.cpu).toBeLessThanOrEqual(LONGEST);
      expect(elements).toBeLessThan(4_000);
    }
  });
});

const keep = (name: string) => (KEEP === undefined ? undefined : `${KEEP}/${name}.json`);

function told(what: string, { seconds, longest, long, frames, elements }: Busy): string[] {
  return [what, seconds.toFixed(0), longest.cpu.toFixed(0), longest.wall.toFixed(0), String(long), `${frames.median.toFixed(0)} / ${frames.rare.toFixed(0)}`, elements.toLocaleString("en")];
}

/** Links the mailbox and waits for all of it; answers how many messages that is. */
async function fill(page: Page, system: System): Promise<number> {
  await link(page, system, "google");
  type Accounts = { items: { status: { local_count: number; condition: string } }[] };
  const status = async () => (await read<Accounts>(page, system, "/api/mail/accounts")).items[0]?.status;
  // The pages would follow all of it.
  await page.goto("about:blank");
  await expect.poll(async () => (await status())?.condition, { timeout: 1_800_000, intervals: [5_000] }).toBe("up-to-date");
  return (await status())?.local_count ?? 0;
}

/** As a finger on a wheel does it. */
async function scroll(page: Page, speed: number, seconds: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const box = await page.locator(".mail-rows").boundingBox();
  if (box === null) throw new Error("there is no list");
  for (let second = 0; second < seconds; second += 1) {
    await session.send("Input.synthesizeScrollGesture", { x: box.x + box.width / 2, y: box.y + box.height / 2, yDistance: -speed, speed: Math.abs(speed), gestureSourceType: "mouse" });
  }
  await session.detach();
}

/** Somewhere else with every second frame. */
async function jump(page: Page, seconds: number): Promise<void> {
  await page.locator(".mail-rows").evaluate(async (rows, milliseconds) => {
    const end = performance.now() + milliseconds;
    for (let step = 1; performance.now() < end; step += 1) {
      // The golden section visits all parts evenly.
      rows.scrollTo({ top: ((step * 0.618_034) % 1) * rows.scrollHeight });
      await new Promise(requestAnimationFrame);
      await new Promise(requestAnimationFrame);
    }
  }, seconds * 1_000);
}

/** The place in the list of the last row that is drawn. */
async function passed(page: Page): Promise<number> {
  return page.locator(".mail-rows [aria-posinset]").evaluateAll((rows) => Math.max(...rows.map((row) => Number(row.getAttribute("aria-posinset")))));
}

/** By the key, again and again, until the list knows its end. */
async function toTheEnd(page: Page): Promise<void> {
  await page.locator(".mail-row-body").last().focus();
  await expect
    .poll(
      async () => {
        // It would wait for a person who asks for more.
        if (await page.locator(".mail-more button").isVisible()) throw new Error("a page of the list was not loaded");
        await page.keyboard.press("End");
        return page.locator(".mail-rows [aria-setsize]").last().getAttribute("aria-setsize");
      },
      { timeout: 1_800_000, intervals: [10] },
    )
    .not.toBe("-1");
}

interface Times {
  median: string;
  most: string;
}

function times(all: number[]): Times {
  all.sort((one, other) => one - other);
  return { median: (all[Math.floor(all.length / 2)] ?? 0).toFixed(0), most: (all.at(-1) ?? 0).toFixed(0) };
}

/** From the click until the star is drawn, while every request to do something waits. */
async function acting(page: Page): Promise<Times> {
  await page.locator(".mail-rows").evaluate((rows) => rows.scrollTo({ top: 0 }));
  await expect(page.locator(".mail-rows [aria-posinset='1']")).toBeVisible();
  let go = () => {};
  const gate = new Promise<void>((resolve) => (go = resolve));
  await page.route("**/api/mail/actions", async (route) => {
    await gate;
    await route.continue();
  });
  const all: number[] = [];
  for (let index = 0; index < 7; index += 1) {
    const star = page.locator(".mail-rows [aria-posinset]").nth(index).locator(".mail-row-star");
    all.push(
      await star.evaluate(async (button) => {
        const before = button.getAttribute("aria-pressed");
        const begun = performance.now();
        (button as HTMLElement).click();
        while (button.getAttribute("aria-pressed") === before) await new Promise(requestAnimationFrame);
        return performance.now() - begun;
      }),
    );
  }
  go();
  await page.unrouteAll({ behavior: "wait" });
  return times(all);
}

/** From the click until the subject and the text of a conversation are there that was open before. */
async function reopening(page: Page, system: System): Promise<Times> {
  const letters = [0, 1].map((index) => ({ id: `again.${index}@evil.example`, from: { name: "Again" }, subject: `again ${index}`, html: `<p>This is again ${index}</p>` }));
  await deliver(system, "google", letters);
  await synchronised(page, system, "google");
  await page.clock.setFixedTime(new Date());
  await open(page, system, system.member, "/mail/inbox");
  const { items } = await read<{ items: { id: string }[] }>(page, system, "/api/mail/threads?limit=2");
  const ids = items.map(({ id }) => id);
  const opened = async (id: string, subject: string) => {
    await page.locator(`[data-thread="${id}"] a`).click();
    await expect(page.locator(".mail-conversation:visible h2")).toHaveText(subject);
    await expect(page.locator(".mail-conversation:visible .mail-frame:not([data-pending])")).toBeVisible();
  };
  for (const [index, id] of ids.entries()) await opened(id, `again ${1 - index}`);
  const asked: string[] = [];
  page.on("request", (request) => {
    if (/\/api\/mail\/(?:threads\/|messages\/)/.test(request.url())) asked.push(request.url());
  });
  const all: number[] = [];
  for (let round = 0; round < 10; round += 1) {
    const id = ids[round % 2] ?? "";
    all.push(
      await page.locator(`[data-thread="${id}"] a`).evaluate(async (row, wantedSubject) => {
        const begun = performance.now();
        (row as HTMLElement).click();
        const there = () => [...document.querySelectorAll(".mail-conversation")].some((each) => each.checkVisibility() && each.querySelector("h2")?.textContent === wantedSubject && each.querySelector(".mail-frame:not([data-pending])") !== null);
        while (!there()) await new Promise(requestAnimationFrame);
        return performance.now() - begun;
      }, `again ${1 - (round % 2)}`),
    );
  }
  expect(asked).toEqual([]);
  return times(all);
}
