/** Folders as a tree: by their parents, or by names with slashes, as labels of some providers have them. */
import type { Folder } from "./types.ts";

export interface Node {
  folder: Folder;
  /** Without what its parents say already. */
  name: string;
  children: Node[];
}

export function tree(folders: readonly Folder[], locale: string): Node[] {
  const nodes = new Map(folders.map((folder) => [folder.id, { folder, name: folder.name, children: [] } as Node]));
  const byName = new Map(folders.map((folder) => [folder.name, folder.id]));
  const roots: Node[] = [];
  for (const node of nodes.values()) {
    const parent = nodes.get(parentOf(node.folder, byName) ?? "");
    // A folder that is its own ancestor, in whatever odd way, is a root: else nobody would see it.
    if (parent === undefined || parent === node || within(node, parent)) {
      roots.push(node);
      continue;
    }
    if (node.name.startsWith(`${parent.folder.name}/`)) node.name = node.name.slice(parent.folder.name.length + 1);
    parent.children.push(node);
  }
  const { compare } = new Intl.Collator(locale, { numeric: true });
  const sort = (list: Node[]): Node[] => {
    list.sort((a, b) => compare(a.name, b.name));
    for (const node of list) sort(node.children);
    return list;
  };
  return sort(roots);
}

function parentOf(folder: Folder, byName: ReadonlyMap<string, string>): string | undefined {
  if (folder.parent != null && folder.parent !== "") return folder.parent;
  for (let at = folder.name.lastIndexOf("/"); at > 0; at = folder.name.lastIndexOf("/", at - 1)) {
    const id = byName.get(folder.name.slice(0, at));
    if (id !== undefined) return id;
  }
  return undefined;
}

function within(ancestor: Node, node: Node): boolean {
  return ancestor.children.some((child) => child === node || within(child, node));
}

/** Unread mail in what is folded away. */
export function unreadBelow(node: Node): number {
  return node.children.reduce((sum, child) => sum + child.folder.unread + unreadBelow(child), 0);
}
