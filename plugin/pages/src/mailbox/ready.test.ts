import { describe, expect, it } from "vitest";
import { NONE_READY, opened, type Ready } from "./ready.ts";

describe("conversations that are kept ready", () => {
  const after = (ids: string): Ready => [...ids].reduce((ready, id) => opened(ready, id, 3), NONE_READY);

  it("keep their places when they are opened again", () => {
    expect(after("abc").places).toEqual(["a", "b", "c"]);
    expect(after("abcab").places).toEqual(["a", "b", "c"]);
    expect(after("abcab").used).toEqual(["b", "a", "c"]);
  });

  it("give way by turns, the one that was open longest ago first", () => {
    expect(after("abcd").places).toEqual(["d", "b", "c"]);
    expect(after("abcad").places).toEqual(["a", "d", "c"]);
    expect(after("abcde").used).toEqual(["e", "d", "c"]);
  });
});
