/**
 * What an action will have done, shown before the host has answered. It follows the plugin's own rules as far as a page can know them; what it
 * gets wrong is put right by what the host says afterwards.
 */
import type { ActionName, Folder, Mark, Matching, ThreadSummary } from "./types.ts";

export interface Change {
  action: ActionName;
  /** With `move-to`, `add-label` and `remove-label`. */
  folder?: string;
}

/** Folders by id, and how each account keeps mail. */
export interface Folders {
  byId: ReadonlyMap<string, Folder>;
  of(account: string, role: Folder["role"]): Folder | undefined;
  /** Whether a message of this account is in one folder at a time. */
  exclusive(account: string): boolean;
}

export function foldersOf(list: readonly Folder[]): Folders {
  const byId = new Map(list.map((folder) => [folder.id, folder]));
  const exclusive = new Set(list.filter((folder) => folder.role === "folder" || folder.role === "archive").map((folder) => folder.account));
  return {
    byId,
    of: (account, role) => list.find((folder) => folder.account === account && folder.role === role),
    exclusive: (account) => exclusive.has(account),
  };
}

interface Place {
  account: string;
  marks: Mark[];
  folders: string[];
}

/** Whether the action makes a conversation leave the list that it was done in. */
export function leaves(change: Change): boolean {
  return ["archive", "trash", "delete-for-ever", "spam", "not-spam", "restore", "move-to"].includes(change.action);
}

/** A conversation or message after an action; none: it is gone for ever. */
export function after<T extends Place>(item: T, change: Change, folders: Folders): T | undefined {
  switch (change.action) {
    case "mark-read":
      return marked(item, "unread", false);
    case "mark-unread":
      return marked(item, "unread", true);
    case "star":
      return marked(item, "starred", true);
    case "unstar":
      return marked(item, "starred", false);
    case "delete-for-ever":
      return undefined;
    default:
      return placed(item, moved(item, change, folders));
  }
}

function moved(item: Place, { action, folder }: Change, folders: Folders): string[] {
  const role = (id: string) => folders.byId.get(id)?.role;
  const without = (...roles: (Folder["role"] | undefined)[]) => item.folders.filter((id) => !roles.includes(role(id)));
  const labels = item.folders.filter((id) => role(id) === "label");
  const into = (target: Folder["role"]) => {
    const found = folders.of(item.account, target)?.id;
    return found === undefined ? [] : [found];
  };
  const exclusive = folders.exclusive(item.account);
  switch (action) {
    case "archive":
      return exclusive ? [...labels, ...into("archive")] : without("inbox");
    case "unarchive":
      return exclusive ? [...labels, ...into("inbox")] : unique([...item.folders, ...into("inbox")]);
    case "trash":
      return [...labels, ...into("trash")];
    case "spam":
      return [...labels, ...into("spam")];
    case "restore":
    case "not-spam":
      return unique([...without("trash", "spam"), ...into("inbox")]);
    case "move-to":
      if (folder === undefined) return item.folders;
      return exclusive ? unique([...labels, folder]) : unique([...without("inbox", "trash", "spam"), folder]);
    case "add-label":
      return folder === undefined ? item.folders : unique([...item.folders, folder]);
    case "remove-label":
      return item.folders.filter((id) => id !== folder);
    default:
      return item.folders;
  }
}

/**
 * Whether a list shows a conversation, as far as its place decides. Marks don't: what was read stays in the list of unread ones until that is
 * opened anew, else a list would melt under the reader's hands.
 */
export function belongs(item: ThreadSummary, asked: Matching, folders: Folders): boolean {
  const wanted = asked.folders ?? [];
  if (wanted.length > 0 && !item.folders.some((id) => wanted.includes(id))) return false;
  return !thrownAway(item, asked, folders);
}

/** Whether all of a conversation is in trash or spam and something else is asked for. It keeps its labels there, and is not listed under them. */
function thrownAway(item: ThreadSummary, asked: Matching, folders: Folders): boolean {
  const role = (id: string) => folders.byId.get(id)?.role ?? "";
  const isAway = (id: string) => ["trash", "spam"].includes(role(id));
  if (asked.folders?.some(isAway) === true) return false;
  const away = item.folders.filter(isAway).length;
  return away > 0 && away === item.folders.filter((id) => role(id) !== "label").length;
}

/** How an action changes the unread counters, by folder. */
export function counted(before: readonly Place[], change: Change, folders: Folders): Map<string, number> {
  const sums = new Map<string, number>();
  const add = (ids: readonly string[], amount: number) => {
    for (const id of ids) sums.set(id, (sums.get(id) ?? 0) + amount);
  };
  for (const message of before) {
    const then = after(message, change, folders);
    if (message.marks.includes("unread")) add(message.folders, -1);
    if (then?.marks.includes("unread") === true) add(then.folders, 1);
  }
  for (const [id, sum] of sums) if (sum === 0) sums.delete(id);
  return sums;
}

function marked<T extends Place>(item: T, mark: Mark, on: boolean): T {
  if (item.marks.includes(mark) === on) return item;
  return { ...item, marks: on ? [...item.marks, mark] : item.marks.filter((each) => each !== mark) };
}

function placed<T extends Place>(item: T, folders: string[]): T {
  return { ...item, folders };
}

function unique(ids: string[]): string[] {
  return [...new Set(ids)];
}
