/**
 * Actions that are under way, laid over what the host last said. The cache keeps the host's word alone, so an answer that was already on its way
 * can't undo a click, and an action that is refused is gone from sight by being taken out of here.
 */
import { after, belongs, counted, type Change, type Folders } from "./effect.ts";
import type { Folder, Matching, Message, ThreadSummary } from "./types.ts";

export type Subject =
  | { kind: "threads"; ids: ReadonlySet<string> }
  | { kind: "messages"; thread: string; ids: ReadonlySet<string> }
  /** Everything that the list named by this key would show. */
  | { kind: "list"; list: string };

export interface Op {
  id: number;
  change: Change;
  subject: Subject;
  /** Unread counters that change with it, by folder. */
  counts: ReadonlyMap<string, number>;
  /** With a taken back action: what it had removed from a list. */
  back?: { list: string; items: readonly ThreadSummary[] };
}

type Listener = () => void;

export class Overlay {
  private list: readonly Op[] = [];
  private readonly listeners = new Set<Listener>();
  private last = 0;

  readonly subscribe = (listener: Listener): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** The same array until something changes. */
  readonly ops = (): readonly Op[] => this.list;

  add(op: Omit<Op, "id">): Op {
    this.last += 1;
    const added = { ...op, id: this.last };
    this.set([...this.list, added]);
    return added;
  }

  remove(id: number): void {
    if (this.list.some((op) => op.id === id)) this.set(this.list.filter((op) => op.id !== id));
  }

  private set(list: readonly Op[]): void {
    this.list = list;
    for (const listener of [...this.listeners]) listener();
  }
}

function meant(op: Op, item: ThreadSummary, list: string): boolean {
  if (op.back !== undefined) return false;
  switch (op.subject.kind) {
    case "threads":
      return op.subject.ids.has(item.id);
    case "list":
      return op.subject.list === list;
    case "messages":
      // Of a longer conversation only a part changes; which, the host will say.
      return op.subject.thread === item.id && (item.messages === 1 || op.change.action === "star" || op.change.action === "mark-unread");
  }
}

/** A list with what is under way. */
export function overList(items: readonly ThreadSummary[], ops: readonly Op[], list: string, asked: Matching, folders: Folders): readonly ThreadSummary[] {
  if (ops.length === 0) return items;
  let shown = items;
  for (const op of ops) {
    shown = shown.flatMap((item) => {
      if (!meant(op, item, list)) return [item];
      const then = after(item, op.change, folders);
      if (then === item) return [item];
      return then === undefined || !belongs(then, asked, folders) ? [] : [then];
    });
    if (op.back?.list === list) shown = inserted(shown, op.back.items);
  }
  return shown;
}

/** Puts back what is not there, at its place by time. */
function inserted(items: readonly ThreadSummary[], back: readonly ThreadSummary[]): ThreadSummary[] {
  const before = new Map(back.map((item) => [item.id, item]));
  const all = items.map((item) => {
    const old = before.get(item.id);
    before.delete(item.id);
    return old ?? item;
  });
  for (const item of before.values()) {
    const at = all.findIndex((other) => other.latest < item.latest);
    all.splice(at < 0 ? all.length : at, 0, item);
  }
  return all;
}

/** The messages of a conversation with what is under way. */
export function overMessages(messages: readonly Message[], ops: readonly Op[], thread: string, folders: Folders): readonly Message[] {
  let shown = messages;
  for (const op of ops) {
    if (op.back !== undefined || op.subject.kind === "list" || !leads(op.subject, thread)) continue;
    const subject = op.subject;
    const last = messages.at(-1)?.id;
    shown = shown.flatMap((message) => {
      if (subject.kind === "messages" && !subject.ids.has(message.id)) return [message];
      // A star on a conversation is one on its newest message.
      if (subject.kind === "threads" && op.change.action === "star" && message.id !== last) return [message];
      return after(message, op.change, folders) ?? [];
    });
  }
  return shown;
}

function leads(subject: Exclude<Subject, { kind: "list" }>, thread: string): boolean {
  return subject.kind === "threads" ? subject.ids.has(thread) : subject.thread === thread;
}

/** Folders with the counters that are to come. */
export function overFolders(folders: readonly Folder[], ops: readonly Op[]): readonly Folder[] {
  if (ops.length === 0) return folders;
  const sums = new Map<string, number>();
  for (const op of ops) for (const [id, amount] of op.counts) sums.set(id, (sums.get(id) ?? 0) + amount);
  if (sums.size === 0) return folders;
  return folders.map((folder) => {
    const sum = sums.get(folder.id);
    return sum === undefined ? folder : { ...folder, unread: Math.max(0, folder.unread + sum) };
  });
}

/** How the counters change, as far as it is known: from a conversation's messages, else from its summary, as if one message were unread. */
export function countsOf(items: readonly ThreadSummary[], messages: (thread: string) => readonly Message[] | undefined, change: Change, folders: Folders, only?: ReadonlySet<string>): Map<string, number> {
  const sums = new Map<string, number>();
  for (const item of items) {
    const known = messages(item.id);
    const each = known === undefined ? [item] : known.filter((message) => only === undefined || only.has(message.id));
    for (const [id, amount] of counted(each, change, folders)) sums.set(id, (sums.get(id) ?? 0) + amount);
  }
  return sums;
}
