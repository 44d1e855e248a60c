/**
 * The address says what is shown: a list (`/mail/inbox`, `/mail/f/{folder}`, `/mail/search?q=…`), perhaps with an open conversation
 * (`…/t/{thread}`) and narrowed by a filter (`?unread=1`). So back, forward, reload and a copied link work.
 */
import type { Folder, FolderRole, Matching } from "./types.ts";

/** Lists that reach over all accounts, by what their folders are for. */
export const ROLES = ["inbox", "starred", "important", "drafts", "sent", "archive", "all", "spam", "trash"] as const;
export type Role = (typeof ROLES)[number];

export type View =
  | { kind: "role"; role: Role }
  | { kind: "folder"; folder: string }
  | { kind: "search" }
  | { kind: "outbox" }
  | { kind: "compose"; key: string };

/** What narrows a list. Days are written `2026-11-24`, in the reader's time zone. */
export interface Filter {
  q?: string;
  unread?: boolean;
  starred?: boolean;
  attachments?: boolean;
  account?: string;
  folder?: string;
  addresses: string[];
  domains: string[];
  after?: string;
  before?: string;
}

export interface Place {
  view: View;
  thread?: string;
  filter: Filter;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

export const noFilter = (): Filter => ({ addresses: [], domains: [] });

/** How many things narrow the list, the words of a search aside. */
export function narrowings(filter: Filter): number {
  const single = [filter.unread, filter.starred, filter.attachments, filter.account, filter.folder, filter.after, filter.before];
  return single.filter((value) => value !== undefined && value !== false).length + filter.addresses.length + filter.domains.length;
}

/** What an address shows; none: it is no address of the mailbox. */
export function parsePlace(pathname: string, search: string): Place | undefined {
  const [root, ...rest] = pathname.split("/").filter((part) => part !== "").map(decode);
  if (root !== "mail") return undefined;
  const filter = parseFilter(search);
  const at = rest.length >= 2 && rest.at(-2) === "t" ? rest.length - 2 : rest.length;
  const thread = rest[at + 1];
  const opened = (view: View): Place => (thread === undefined ? { view, filter } : { view, thread, filter });
  const [first, second, third] = rest.slice(0, at);
  if (third !== undefined) return undefined;
  if (first === undefined) return opened({ kind: "role", role: "inbox" });
  if (second === undefined) {
    if (isRole(first)) return opened({ kind: "role", role: first });
    if (first === "search") return opened({ kind: "search" });
    if (first === "outbox") return { view: { kind: "outbox" }, filter };
    return undefined;
  }
  if (first === "f") return opened({ kind: "folder", folder: second });
  if (first === "compose") return { view: { kind: "compose", key: second }, filter };
  return undefined;
}

/** The address of a place. */
export function address(place: Place): string {
  const parts = ["", "mail", ...segments(place.view)];
  if (place.thread !== undefined) parts.push("t", place.thread);
  const query = new URLSearchParams();
  const { filter } = place;
  if (filter.q !== undefined && filter.q !== "") query.set("q", filter.q);
  for (const name of ["unread", "starred", "attachments"] as const) if (filter[name] === true) query.set(name, "1");
  for (const name of ["account", "folder", "after", "before"] as const) {
    const value = filter[name];
    if (value !== undefined) query.set(name, value);
  }
  for (const value of filter.addresses) query.append("address", value);
  for (const value of filter.domains) query.append("domain", value);
  const text = query.toString();
  return parts.map((part) => encodeURIComponent(part)).join("/") + (text === "" ? "" : `?${text}`);
}

/** The list that a place shows, without the open conversation. */
export function listOf(place: Place): Place {
  return { view: place.view, filter: place.filter };
}

/** What the API is asked for; none: nothing can be in this list (no account has such a folder). */
export function matching(place: Place, folders: readonly Folder[]): Matching | undefined {
  const { view, filter } = place;
  const asked: Matching = {};
  const account = filter.account;
  if (account !== undefined) asked.accounts = [account];
  if (view.kind === "folder") {
    asked.folders = [view.folder];
  } else if (view.kind === "search") {
    if (filter.folder !== undefined) asked.folders = [filter.folder];
  } else if (view.kind === "role") {
    if (view.role === "starred") {
      asked.starred = true;
    } else if (view.role !== "all") {
      const ids = folders
        .filter((folder) => folder.role === view.role && (account === undefined || folder.account === account))
        .map((folder) => folder.id);
      if (ids.length === 0) return undefined;
      asked.folders = ids;
    }
  } else {
    return undefined;
  }
  const words = filter.q?.trim();
  if (words !== undefined && words !== "") asked.q = words;
  for (const name of ["unread", "starred", "attachments"] as const) if (filter[name] === true) asked[name] = true;
  if (filter.addresses.length > 0) asked.addresses = filter.addresses;
  if (filter.domains.length > 0) asked.domains = filter.domains;
  if (filter.after !== undefined) asked.after = startOf(filter.after, 0);
  // The day named last is part of what is asked for.
  if (filter.before !== undefined) asked.before = startOf(filter.before, 1);
  return asked;
}

/** The same as the query of `GET /api/mail/threads`. */
export function listQuery(asked: Matching): Record<string, string | number | boolean | string[]> {
  const query: Record<string, string | number | boolean | string[]> = {};
  if (asked.accounts?.length) query.account = asked.accounts;
  if (asked.folders?.length) query.folder = asked.folders;
  if (asked.addresses?.length) query.address = asked.addresses;
  if (asked.domains?.length) query.domain = asked.domains;
  for (const name of ["q", "unread", "starred", "attachments", "after", "before"] as const) {
    const value = asked[name];
    if (value !== undefined && value !== null) query[name] = value;
  }
  return query;
}

/** The roles that lists over all accounts have, given the folders there are. */
export function presentRoles(folders: readonly Folder[]): Role[] {
  const roles = new Set<FolderRole>(folders.map((folder) => folder.role));
  return ROLES.filter((role) => role === "inbox" || role === "all" || role === "starred" || roles.has(role));
}

function segments(view: View): string[] {
  switch (view.kind) {
    case "role":
      return [view.role];
    case "folder":
      return ["f", view.folder];
    case "compose":
      return ["compose", view.key];
    default:
      return [view.kind];
  }
}

function parseFilter(search: string): Filter {
  const query = new URLSearchParams(search);
  const filter: Filter = { addresses: query.getAll("address"), domains: query.getAll("domain") };
  const q = query.get("q");
  if (q !== null && q !== "") filter.q = q;
  for (const name of ["unread", "starred", "attachments"] as const) if (query.get(name) === "1") filter[name] = true;
  for (const name of ["account", "folder"] as const) {
    const value = query.get(name);
    if (value !== null && value !== "") filter[name] = value;
  }
  for (const name of ["after", "before"] as const) {
    const value = query.get(name);
    if (value !== null && DAY.test(value)) filter[name] = value;
  }
  return filter;
}

function startOf(day: string, later: number): number {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).getTime();
}

function isRole(word: string): word is Role {
  return (ROLES as readonly string[]).includes(word);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
