import { describe, expect, it } from "vitest";
import { everyLoaded, everything, extend, isEmpty, isTicked, keep, NONE, toggle } from "./selection.ts";

const order = ["a", "b", "c", "d", "e"];
const ticked = (selection: typeof NONE) => order.filter((id) => isTicked(selection, id)).join("");

describe("selection", () => {
  it("ticks, unticks and reaches from the anchor in both directions", () => {
    const b = toggle(NONE, "b", order);
    expect(ticked(extend(b, "d", order))).toBe("bcd");
    expect(ticked(extend(extend(b, "d", order), "a", order))).toBe("abcd");
    expect(isEmpty(toggle(b, "b", order))).toBe(true);
  });

  it("unticks a range that begins at an unticked one", () => {
    const all = toggle(everyLoaded(order), "b", order);
    expect(ticked(extend(all, "d", order))).toBe("ae");
  });

  it("ticks a single one where no anchor is listed any more", () => {
    expect(ticked(extend({ ids: new Set(), all: false, anchor: "gone" }, "c", order))).toBe("c");
  });

  it("falls back from all that match to what is loaded when one is taken out", () => {
    const all = everything(order);
    expect(all.all).toBe(true);
    const some = toggle(all, "c", order);
    expect(some.all).toBe(false);
    expect(ticked(some)).toBe("abde");
  });

  it("forgets what left the list and stays the same object otherwise", () => {
    const some = everyLoaded(["a", "b"]);
    expect(keep(some, order)).toBe(some);
    expect(ticked(keep(some, ["b", "c"]))).toBe("b");
  });
});
