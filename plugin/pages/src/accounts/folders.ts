import type { Folder } from "../api/accounts.ts";

/** A folder with those below it. */
export interface Node {
  folder: Folder;
  /** Whether it can be left out at all. */
  fixed: boolean;
  children: Node[];
}

const order: Folder["role"][] = ["inbox", "sent", "drafts", "archive", "spam", "trash", "folder", "label"];

/**
 * The places that mail lies in, as a tree. Marks (starred, important, all mail) are no places. Where a message lies in one folder at a
 * time, labels are categories beside it, and leaving one out would leave nothing out.
 */
export function treeOf(folders: Folder[], provider: string): Node[] {
  const places = folders.filter(({ role }) => order.includes(role) && !(role === "label" && provider === "microsoft"));
  const nodes = new Map<string, Node>(
    places.map((folder) => [folder.id, { folder, fixed: ["inbox", "sent", "drafts"].includes(folder.role), children: [] }]),
  );
  const roots: Node[] = [];
  for (const node of nodes.values()) {
    const parent = node.folder.parent == null ? undefined : nodes.get(node.folder.parent);
    (parent === undefined || parent === node ? roots : parent.children).push(node);
  }
  const byPlace = (a: Node, b: Node) =>
    order.indexOf(a.folder.role) - order.indexOf(b.folder.role) || a.folder.name.localeCompare(b.folder.name, undefined, { numeric: true, sensitivity: "base" });
  const sort = (list: Node[]) => {
    list.sort(byPlace);
    for (const node of list) sort(node.children);
  };
  sort(roots);
  return roots;
}

/** Those whose name has the words, with what leads to them. */
export function matching(nodes: Node[], words: string): Node[] {
  const wanted = words.trim().toLocaleLowerCase();
  if (wanted === "") return nodes;
  return nodes.flatMap((node) => {
    const children = matching(node.children, words);
    const here = node.folder.name.toLocaleLowerCase().includes(wanted);
    return here || children.length > 0 ? [{ ...node, children: here && children.length === 0 ? node.children : children }] : [];
  });
}
