import { describe, expect, it } from "vitest";
import { Keys, SHORTCUTS } from "./keys.ts";

describe("keys", () => {
  it("knows single keys, with capitals apart", () => {
    const keys = new Keys();
    expect(keys.press({ key: "j", at: 0 })).toBe("next");
    expect(keys.press({ key: "u", at: 0 })).toBe("back");
    expect(keys.press({ key: "U", at: 0, shift: true })).toBe("markUnread");
    expect(keys.press({ key: "q", at: 0 })).toBeUndefined();
  });

  it("joins two keys in time, and takes the second by itself when it comes late or leads nowhere", () => {
    const keys = new Keys();
    expect(keys.press({ key: "g", at: 0 })).toBe("begun");
    expect(keys.press({ key: "i", at: 500 })).toBe("goInbox");
    keys.press({ key: "g", at: 0 });
    expect(keys.press({ key: "s", at: 5_000 })).toBe("star");
    keys.press({ key: "g", at: 0 });
    expect(keys.press({ key: "j", at: 10 })).toBe("next");
  });

  it("leaves combinations to the browser", () => {
    const keys = new Keys();
    keys.press({ key: "g", at: 0 });
    expect(keys.press({ key: "s", at: 1, ctrl: true })).toBeUndefined();
    expect(keys.press({ key: "i", at: 2 })).toBeUndefined();
  });

  it("finds the same keys under another alphabet", () => {
    expect(new Keys().press({ key: "о", code: "KeyJ", at: 0 })).toBe("next");
    expect(new Keys().press({ key: "Г", code: "KeyU", at: 0, shift: true })).toBe("markUnread");
  });

  it("has no sequence that a single key hides", () => {
    const single = new Set(SHORTCUTS.filter((s) => s.keys.length === 1).map((s) => s.keys[0]));
    for (const { keys } of SHORTCUTS) if (keys.length === 2) expect(single.has(keys[0])).toBe(false);
  });
});
