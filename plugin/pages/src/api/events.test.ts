import { describe, expect, it } from "vitest";
import { outdated } from "./events.ts";
import { keys } from "./keys.ts";

describe("what an event makes old", () => {
  it("is the named conversations, where all are named", () => {
    const old = outdated({ topic: "threads.changed", data: { account: "a", threads: ["t1", "t2"], folders: ["f"], complete: true } });
    expect(old).toEqual(expect.arrayContaining([keys.threads(), keys.folders("a"), keys.thread("t1"), keys.thread("t2")]));
    expect(old).not.toContainEqual(keys.thread());
  });

  it("is every conversation, where only some are named or nothing can be read", () => {
    for (const data of [{ account: "a", threads: ["t1"], complete: false }, undefined, null, "?", { threads: "t1", complete: true }]) {
      expect(outdated({ topic: "threads.changed", data })).toContainEqual(keys.thread());
    }
  });

  it("is everything of mail when some were missed, and nothing for what is not known", () => {
    expect(outdated({ topic: "resync", data: {} })).toEqual([keys.mail]);
    expect(outdated({ topic: "plugins.changed", data: {} })).toEqual([]);
  });
});
