import { describe, expect, it } from "vitest";
import { tree, unreadBelow, type Node } from "./tree.ts";
import type { Folder } from "./types.ts";

const folder = (id: string, name: string, parent?: string, unread = 0): Folder => ({ id, account: "a", name, role: "folder", total: 0, unread, left_out: false, ...(parent === undefined ? {} : { parent }) });
const shown = (nodes: Node[]): string => nodes.map((node) => node.name + (node.children.length > 0 ? `(${shown(node.children)})` : "")).join(" ");

describe("folders as a tree", () => {
  it("follow their parents, sorted as people sort", () => {
    expect(shown(tree([folder("1", "Work"), folder("2", "Item 10", "1"), folder("3", "Item 2", "1"), folder("4", "Ärger")], "de"))).toBe("Ärger Work(Item 2 Item 10)");
  });

  it("follow slashes in names, as far as there are such folders", () => {
    expect(shown(tree([folder("1", "A"), folder("2", "A/B"), folder("3", "A/X/C"), folder("4", "Q/R")], "en"))).toBe("A(B X/C) Q/R");
  });

  it("lose nothing to a circle or an unknown parent", () => {
    const nodes = tree([folder("1", "A", "2"), folder("2", "B", "1"), folder("3", "C", "gone"), folder("4", "D", "4")], "en");
    const count = (list: Node[]): number => list.reduce((sum, node) => sum + 1 + count(node.children), 0);
    expect(count(nodes)).toBe(4);
  });

  it("tell what is unread in what is folded away", () => {
    const [root] = tree([folder("1", "A", undefined, 5), folder("2", "B", "1", 2), folder("3", "C", "2", 1)], "en");
    expect(root && unreadBelow(root)).toBe(3);
  });
});
