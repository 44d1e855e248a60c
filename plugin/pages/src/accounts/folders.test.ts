import { describe, expect, it } from "vitest";
import type { Folder } from "../api/accounts.ts";
import { matching, treeOf, type Node } from "./folders.ts";

const folder = (id: string, role: Folder["role"], name = id, parent: string | null = null): Folder => ({ id, account: "a", name, parent, role, color: null, provider_total: null, counted: null, left_out: false, total: 0, unread: 0 });
const names = (nodes: Node[]): unknown[] => nodes.map((node) => (node.children.length === 0 ? node.folder.name : [node.folder.name, names(node.children)]));

describe("folders to choose from", () => {
  const folders = [
    folder("b", "folder", "Work 10", "w"),
    folder("w", "folder", "Work"),
    folder("a", "folder", "Work 2", "w"),
    folder("t", "trash", "Trash"),
    folder("i", "inbox", "Inbox"),
    folder("s", "starred", "Starred"),
    folder("all", "all", "All mail"),
    folder("l", "label", "Blue"),
    folder("o", "folder", "Orphan", "gone"),
  ];

  it("are a tree of places in the order that people know, without marks", () => {
    expect(names(treeOf(folders, "google"))).toEqual(["Inbox", "Trash", "Orphan", ["Work", ["Work 2", "Work 10"]], "Blue"]);
  });

  it("have no categories where mail lies in folders", () => {
    expect(names(treeOf(folders, "microsoft"))).not.toContain("Blue");
  });

  it("are always kept where mail comes in and goes out", () => {
    expect(treeOf(folders, "google").filter((node) => node.fixed).map((node) => node.folder.role)).toEqual(["inbox"]);
  });

  it("are found with what leads to them", () => {
    expect(names(matching(treeOf(folders, "google"), " work 1"))).toEqual([["Work", ["Work 10"]]]);
    expect(names(matching(treeOf(folders, "google"), "WORK"))).toEqual([["Work", ["Work 2", "Work 10"]]]);
    expect(matching(treeOf(folders, "google"), "nothing")).toEqual([]);
  });
});
