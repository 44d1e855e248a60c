import { describe, expect, it } from "vitest";
import { merged, trimmed, worthReading, type Loaded } from "./pages.ts";
import type { Page, ThreadSummary } from "./types.ts";

const page = (text: string, next: string | null): Page<ThreadSummary> => ({
  items: [...text].map((id) => ({ id, latest: 1_000 - id.charCodeAt(0), account: "a", subject: "", snippet: "", participants: [], messages: 1, marks: [], folders: [] })),
  next,
});
const shown = (loaded: Loaded) => loaded.pages.map((each) => `${each.items.map((item) => item.id).join("")}>${each.next ?? ""}`).join(" ");
const loaded: Loaded = { pages: [page("bcd", "1"), page("efg", "2"), page("hij", "3")], pageParams: [undefined, "1", "2"] };

describe("pages read again", () => {
  it("are the first and those that show what changed", () => {
    expect(worthReading(loaded, new Set(["f"]))).toEqual([0, 1]);
    expect(worthReading(loaded, new Set())).toEqual([0]);
    expect(worthReading(loaded, "unknown", 2)).toEqual([0, 1]);
  });

  it("take new mail in without losing what follows", () => {
    expect(shown(merged(loaded, new Map([[undefined, page("abc", "x")]]), new Set()))).toBe("abcd>1 efg>2 hij>3");
  });

  it("drop what left, also in the middle", () => {
    expect(shown(merged(loaded, new Map([["1", page("egh", "x")]]), new Set(["f"])))).toBe("bcd>1 egh>2 hij>3");
  });

  it("end where the list ends now", () => {
    expect(shown(merged(loaded, new Map([["1", page("e", null)]]), new Set()))).toBe("bcd>1 e>");
  });

  it("go on with the new cursor only where nothing old is left behind it", () => {
    expect(shown(merged(loaded, new Map([["2", page("hik", "4")]]), new Set(["j"])))).toBe("bcd>1 efg>2 hik>4");
    expect(shown(merged(loaded, new Map([["2", page("hi", "4")]]), new Set()))).toBe("bcd>1 efg>2 hij>3");
  });

  it("begin anew when so much came that the old first page is out of reach", () => {
    expect(shown(merged(loaded, new Map([[undefined, page("XYZ", "9")]]), new Set()))).toBe("XYZ>9");
  });

  it("are kept few while nobody looks", () => {
    expect(shown(trimmed(loaded))).toBe("bcd>1 efg>2");
    expect(trimmed(loaded, 5)).toBe(loaded);
  });
});
