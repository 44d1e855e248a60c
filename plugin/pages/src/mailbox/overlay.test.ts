import { describe, expect, it, vi } from "vitest";
import { foldersOf } from "./effect.ts";
import { Overlay, countsOf, overFolders, overList, overMessages, type Op } from "./overlay.ts";
import type { Folder, Message, ThreadSummary } from "./types.ts";

const folder = (id: string, role: Folder["role"], unread = 0): Folder => ({ id, account: "a", role, name: id, total: 9, unread, left_out: false });
const list = [folder("in", "inbox", 3), folder("tr", "trash")];
const folders = foldersOf(list);
const thread = (id: string, latest: number, extra: Partial<ThreadSummary> = {}): ThreadSummary => ({
  id, account: "a", subject: "", snippet: "", participants: [], messages: 1, latest, marks: ["unread"], folders: ["in"], ...extra,
});
const items = [thread("x", 3), thread("y", 2), thread("z", 1)];
const ids = (shown: readonly { id: string }[]) => shown.map((item) => item.id).join("");
const op = (extra: Partial<Op>): Op => ({ id: 1, change: { action: "trash" }, subject: { kind: "threads", ids: new Set(["y"]) }, counts: new Map(), ...extra });
const asked = { folders: ["in"] };

describe("what is under way", () => {
  it("is seen at once, and gone when it is refused", () => {
    const overlay = new Overlay();
    const heard = vi.fn();
    overlay.subscribe(heard);
    const added = overlay.add(op({}));
    expect(ids(overList(items, overlay.ops(), "L", asked, folders))).toBe("xz");
    overlay.remove(added.id);
    expect(overList(items, overlay.ops(), "L", asked, folders)).toBe(items);
    expect(heard).toHaveBeenCalledTimes(2);
  });

  it("reaches over a whole list, and over no other", () => {
    const all = op({ subject: { kind: "list", list: "L" } });
    expect(ids(overList(items, [all], "L", asked, folders))).toBe("");
    expect(ids(overList(items, [all], "M", asked, folders))).toBe("xyz");
  });

  it("keeps in a list of unread ones what was just read", () => {
    const read = op({ change: { action: "mark-read" } });
    const shown = overList(items, [read], "L", { ...asked, unread: true }, folders);
    expect(ids(shown)).toBe("xyz");
    expect(shown[1]?.marks).toEqual([]);
  });

  it("comes back to its place when it is taken back", () => {
    const [x, y, z] = items;
    if (!x || !y || !z) throw new Error("three");
    const back = op({ back: { list: "L", items: [y] } });
    expect(ids(overList([x, z], [back], "L", asked, folders))).toBe("xyz");
    expect(ids(overList([x], [back], "L", asked, folders))).toBe("xy");
    expect(ids(overList(items, [back], "L", asked, folders))).toBe("xyz");
  });

  it("changes a conversation's messages, a star only the newest", () => {
    const message = (id: string): Message => ({ id, thread: "y", account: "a", subject: "", to: [], cc: [], bcc: [], reply_to: [], received: 0, marks: [], folders: ["in"], snippet: "", attachments: [] });
    const messages = [message("1"), message("2")];
    const starred = overMessages(messages, [op({ change: { action: "star" } })], "y", folders);
    expect(starred.map((each) => each.marks.length)).toEqual([0, 1]);
    const one = overMessages(messages, [op({ change: { action: "delete-for-ever" }, subject: { kind: "messages", thread: "y", ids: new Set(["1"]) } })], "y", folders);
    expect(ids(one)).toBe("2");
  });

  it("moves the counters, and never below nothing", () => {
    const counts = countsOf(items.slice(0, 1), () => undefined, { action: "trash" }, folders);
    expect([...counts].sort()).toEqual([["in", -1], ["tr", 1]]);
    expect(overFolders(list, [op({ counts }), op({ counts: new Map([["in", -9]]) })]).map((each) => each.unread)).toEqual([0, 1]);
  });
});
