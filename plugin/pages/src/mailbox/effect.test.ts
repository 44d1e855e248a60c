import { describe, expect, it } from "vitest";
import { after, belongs, counted, foldersOf } from "./effect.ts";
import type { Folder, Message, ThreadSummary } from "./types.ts";

const folder = (id: string, account: string, role: Folder["role"]): Folder => ({ id, account, role, name: id, total: 0, unread: 0, left_out: false });
const folders = foldersOf([
  folder("g-in", "g", "inbox"), folder("g-tr", "g", "trash"), folder("g-sp", "g", "spam"), folder("g-la", "g", "label"), folder("g-se", "g", "sent"),
  folder("m-in", "m", "inbox"), folder("m-ar", "m", "archive"), folder("m-tr", "m", "trash"), folder("m-fo", "m", "folder"), folder("m-ca", "m", "label"),
]);
const thread = (account: string, ids: string[], marks: ThreadSummary["marks"] = []): ThreadSummary => ({
  id: "t", account, subject: "", snippet: "", participants: [], messages: 1, latest: 0, marks, folders: ids,
});
const places = (item: { folders: string[] } | undefined) => item?.folders.join(" ");

describe("what an action will have done", () => {
  it("archives by taking out of the inbox, or by moving, as the account keeps mail", () => {
    expect(places(after(thread("g", ["g-in", "g-la", "g-se"]), { action: "archive" }, folders))).toBe("g-la g-se");
    expect(places(after(thread("m", ["m-in", "m-ca"]), { action: "archive" }, folders))).toBe("m-ca m-ar");
  });

  it("moves to trash, spam and back", () => {
    const trashed = after(thread("g", ["g-in", "g-la"]), { action: "trash" }, folders);
    expect(places(trashed)).toBe("g-la g-tr");
    if (trashed) expect(places(after(trashed, { action: "restore" }, folders))).toBe("g-la g-in");
    expect(after(thread("g", ["g-tr"]), { action: "delete-for-ever" }, folders)).toBeUndefined();
  });

  it("moves to a folder and changes labels", () => {
    expect(places(after(thread("m", ["m-in", "m-ca"]), { action: "move-to", folder: "m-fo" }, folders))).toBe("m-ca m-fo");
    expect(places(after(thread("g", ["g-in"]), { action: "add-label", folder: "g-la" }, folders))).toBe("g-in g-la");
    expect(places(after(thread("g", ["g-in", "g-la"]), { action: "remove-label", folder: "g-la" }, folders))).toBe("g-in");
  });

  it("marks, and is the same object where nothing changes", () => {
    const unread = thread("g", ["g-in"], ["unread"]);
    expect(after(unread, { action: "mark-read" }, folders)?.marks).toEqual([]);
    expect(after(unread, { action: "mark-unread" }, folders)).toBe(unread);
  });

  it("says which list still shows it", () => {
    expect(belongs(thread("g", ["g-se"]), { folders: ["g-in"] }, folders)).toBe(false);
    expect(belongs(thread("g", ["g-tr", "g-la"]), {}, folders)).toBe(false);
    expect(belongs(thread("g", []), {}, folders)).toBe(true);
    expect(belongs(thread("g", ["g-tr", "g-in"]), {}, folders)).toBe(true);
    expect(belongs(thread("g", ["g-tr", "g-la"]), { folders: ["g-la"] }, folders)).toBe(false);
    expect(belongs(thread("g", ["g-tr", "g-la"]), { folders: ["g-tr"] }, folders)).toBe(true);
    expect(belongs(thread("g", ["g-la"]), { folders: ["g-la"] }, folders)).toBe(true);
  });

  it("counts unread messages where they are and where they go", () => {
    const message = (marks: Message["marks"]): Message => ({
      id: "m", thread: "t", account: "m", subject: "", to: [], cc: [], bcc: [], reply_to: [], received: 0, marks, folders: ["m-in", "m-ca"], snippet: "", attachments: [],
    });
    const sums = counted([message(["unread"]), message([])], { action: "archive" }, folders);
    expect([...sums].sort()).toEqual([["m-ar", 1], ["m-in", -1]]);
    expect([...counted([message(["unread"])], { action: "mark-read" }, folders)].sort()).toEqual([["m-ca", -1], ["m-in", -1]]);
  });
});
