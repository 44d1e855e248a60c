import { describe, expect, it } from "vitest";
import { Joiner, Shown, refreshed, still, withKept } from "./order.ts";

const list = (text: string) => [...text].map((id) => ({ id, latest: 1_000 - id.charCodeAt(0) }));
const names = (items: { id: string }[]) => items.map((item) => item.id).join("");

describe("a list that stays still", () => {
  it("holds back what is new above and appends what follows", () => {
    const { items, held } = still(list("cde"), list("abcdefg"));
    expect(names(items)).toBe("cdefg");
    expect(held).toBe(2);
  });

  it("leaves a conversation at its place when a new message moves it up", () => {
    const [c, d, e] = list("cde");
    if (!c || !d || !e) throw new Error("three");
    const moved = { ...e, latest: 2_000 };
    const { items, held } = still([c, d, e], [moved, c, d]);
    expect(names(items)).toBe("cde");
    expect(items[2]).toBe(moved);
    expect(held).toBe(0);
  });

  it("drops what is gone, but not what is open", () => {
    expect(names(still(list("abcd"), list("ad")).items)).toBe("ad");
    expect(names(still(list("abcd"), list("ad"), "c").items)).toBe("acd");
    expect(names(withKept(list("abcd"), list("ad"), "c"))).toBe("acd");
    expect(names(withKept(list("abcd"), list("xad"), "b"))).toBe("xabd");
    expect(names(withKept(list("abcd"), list("abcd"), "b"))).toBe("abcd");
  });
});

describe("pages", () => {
  it("name nothing twice, and go on where pages are added", () => {
    const joiner = new Joiner<{ id: string; latest: number }>();
    const first = { items: list("abc") };
    const one = joiner.join([first]);
    expect(joiner.join([first])).toBe(one);
    expect(names([...joiner.join([first, { items: list("cde") }])])).toBe("abcde");
    expect(names([...joiner.join([{ items: list("bc") }])])).toBe("bc");
  });

  it("asked for again leave no hole before the next one", () => {
    expect(names(refreshed(list("bcde"), list("abcd"), new Set()))).toBe("abcde");
    expect(names(refreshed(list("bcde"), list("abc"), new Set(["d"])))).toBe("abce");
    expect(names(refreshed(list("bc"), [], new Set()))).toBe("");
  });
});

describe("what is shown", () => {
  it("is still while it must be, and catches up afterwards", () => {
    const shown = new Shown<{ id: string; latest: number }>();
    const cd = list("cd");
    expect(names([...shown.next("L", cd, false).items])).toBe("cd");
    const more = [...list("ab"), ...cd];
    expect(shown.next("L", more, true)).toMatchObject({ held: 2 });
    const grown = [...more, ...list("e")];
    const still = shown.next("L", grown, true);
    expect(names([...still.items])).toBe("cde");
    expect(still.held).toBe(2);
    const now = shown.next("L", grown, false);
    expect(names([...now.items])).toBe("abcde");
    expect(now.held).toBe(0);
    expect(names([...shown.next("M", cd, true).items])).toBe("cd");
  });

  it("lets go of what was open and is gone as soon as something else is open", () => {
    for (const frozen of [false, true]) {
      const shown = new Shown<{ id: string; latest: number }>();
      const all = list("abc");
      shown.next("L", all, frozen, "b");
      const without = all.filter(({ id }) => id !== "b");
      expect(names([...shown.next("L", without, frozen, "b").items])).toBe("abc");
      expect(names([...shown.next("L", without, frozen, "c").items])).toBe("ac");
    }
  });
});
