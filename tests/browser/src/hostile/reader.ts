/** Reading what strangers wrote, as a person does who opens everything and touches everything. */
import { expect, type Frame, type Page } from "@playwright/test";

import { messageOf } from "./watch.ts";

const CONVERSATION = ".mail-conversation:visible";

/** Opens a conversation from the list, with all its messages; answers when every one of them has been drawn. */
export async function openAll(page: Page, thread: string, messages: number): Promise<Frame[]> {
  await listed(page, thread);
  await page.locator(`[data-thread="${thread}"] a`).click();
  await expect(page).toHaveURL((url) => url.pathname.endsWith(`/t/${encodeURIComponent(thread)}`));
  const drawnMessages = page.locator(`${CONVERSATION} .mail-message`);
  const older = page.locator(`${CONVERSATION} .mail-messages-folded button`);
  // The conversation before it is out of sight once this one is there.
  await expect(page.locator(CONVERSATION)).toHaveCount(1);
  await expect(older.or(drawnMessages.nth(messages - 1))).toBeVisible();
  if (await older.isVisible()) await older.click();
  await expect(drawnMessages).toHaveCount(messages);
  await page.locator(`${CONVERSATION} .mail-message-line`).evaluateAll((lines) => {
    for (const line of lines) (line as HTMLElement).click();
  });
  await expect(page.locator(`${CONVERSATION} .mail-frame`)).toHaveCount(messages);
  return drawn(page, "iframe", (url) => url !== "" && url !== "about:blank");
}

/** Scrolls the list until it draws this conversation. */
async function listed(page: Page, thread: string): Promise<void> {
  const row = page.locator(`[data-thread="${thread}"]`);
  if ((await row.count()) > 0) return;
  const rows = page.locator(".mail-rows");
  await rows.evaluate((element) => element.scrollTo({ top: 0 }));
  await expect
    .poll(async () => {
      const there = (await row.count()) > 0;
      if (!there) await rows.evaluate((element) => element.scrollBy({ top: element.clientHeight / 2 }));
      return there;
    })
    .toBe(true);
}

/** Allows the remote images of all open messages that have some; answers the frames that are shown anew. */
export async function showImages(page: Page): Promise<Frame[]> {
  const count = await page.locator(`${CONVERSATION} .mail-remote button`).evaluateAll((buttons) => {
    for (const button of buttons) (button as HTMLElement).click();
    return buttons.length;
  });
  await expect(page.locator(`${CONVERSATION} .mail-remote`)).toHaveCount(0);
  const frames = await drawn(page, 'iframe[src*="remote=true"]', (url) => messageOf(url) === undefined || url.includes("remote=true"));
  expect(frames).toHaveLength(count);
  return frames;
}

/** The frames of the open messages, once all that they load is there or has failed, wherever they have gone meanwhile. */
async function drawn(page: Page, which: string, there: (url: string) => boolean): Promise<Frame[]> {
  const frames: Frame[] = [];
  for (const element of await page.locator(`${CONVERSATION} .mail-frame ${which}`).elementHandles()) {
    const frame = await element.contentFrame();
    if (frame !== null) frames.push(frame);
  }
  await expect.poll(() => frames.filter((frame) => !there(frame.url())).length, { intervals: [50] }).toBe(0);
  await Promise.all(frames.map((frame) => frame.waitForLoadState("load")));
  await page.waitForFunction(() => [...document.querySelectorAll(".mail-frame[data-pending]")].every((frame) => !frame.checkVisibility()));
  return frames;
}

/**
 * Does to everything in a frame what could wake it: pointer, keys, focus, clicks. Links to elsewhere are left alone, which a person may follow; those
 * that do not open beside the page, or tell who opened them, are answered.
 */
export async function provoke(frame: Frame): Promise<string[]> {
  return frame.evaluate(async () => {
    const kinds = ["pointerenter", "pointerdown", "mouseenter", "mouseover", "mousemove", "mouseout", "mousedown", "mouseup", "keydown", "keypress", "input", "change", "wheel", "scroll", "copy", "paste", "dragstart", "drop", "beforetoggle", "toggle", "animationstart", "animationend", "transitionend", "resize", "message", "hashchange"];
    const wrong: string[] = [];
    for (const element of [...document.querySelectorAll("*")]) {
      if (element instanceof HTMLElement || element instanceof SVGElement) element.focus();
      for (const kind of kinds) element.dispatchEvent(new Event(kind, { cancelable: true }));
      const link = element.closest("a[href], area[href]");
      if (link instanceof HTMLAnchorElement && /^(?:https?|mailto):$/.test(link.protocol) && link.getAttribute("href")?.startsWith("#") === false) {
        if (link.target !== "_blank" || !link.relList.contains("noopener")) wrong.push(link.outerHTML);
      } else if (element instanceof HTMLElement) {
        element.click();
      } else {
        element.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
      }
    }
    // What all this has set off has begun by the frame after the next.
    await new Promise<void>((resolve) => setTimeout(resolve));
    return wrong;
  });
}

/** What stands in the page itself, outside of the frames, that no page of ours has. */
export async function strangers(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const schemes = /^(?:https?|mailto|data|blob):/;
    const wrong: string[] = [];
    for (const element of document.querySelectorAll("*")) {
      const tell = () => wrong.push(element.outerHTML.slice(0, 200));
      if (/^(?:object|embed|applet|base|frame|frameset|marquee|math|portal|template|xmp|plaintext|image)$/i.test(element.localName)) tell();
      if (element.localName === "iframe" && element.closest(".mail-frame, .mail-preview, .compose-quoted") === null) tell();
      if (element.localName === "meta" && element.closest("head") === null) tell();
      for (const { name, value } of element.attributes) {
        if (name.startsWith("on")) tell();
        if (!["href", "src", "action", "formaction", "xlink:href", "data", "poster", "background"].includes(name)) continue;
        const { protocol, origin } = new URL(value, location.href);
        if (!schemes.test(protocol)) tell();
        // What is loaded is ours; only links lead elsewhere.
        if (protocol.startsWith("http") && origin !== location.origin && element.localName !== "a") tell();
      }
    }
    return wrong;
  });
}

/** How many scripts the page itself has. */
export function scripts(page: Page): Promise<number> {
  return page.evaluate(() => document.scripts.length);
}
