import type { Actions } from "./actions.ts";
import type { Change } from "./effect.ts";
import { listName } from "./data.ts";
import { isEmpty, isTicked, type Selection } from "./selection.ts";
import type { Matching, ThreadSummary } from "./types.ts";

export interface Bulk {
  items: readonly ThreadSummary[];
  run(change: Change): void;
  archive(): void;
  trash(): void;
  spam(): void;
  markRead(): void;
  markUnread(): void;
  star(): void;
}

interface Options {
  selection: Selection;
  items: readonly ThreadSummary[];
  asked: Matching | undefined;
  actions: Actions;
  onDone: () => void;
}

/** What can be done to everything that is ticked; none, if nothing is. */
export function useBulk({ selection, items, asked, actions, onDone }: Options): Bulk | undefined {
  if (isEmpty(selection) || asked === undefined) return undefined;
  const ticked = items.filter((item) => isTicked(selection, item.id));
  const run = (change: Change) => {
    const subject = selection.all ? { kind: "list" as const, list: listName(asked) } : { kind: "threads" as const, ids: new Set(ticked.map((item) => item.id)) };
    actions.act({ change, subject, items: ticked, asked });
    onDone();
  };
  return {
    items: ticked,
    run,
    archive: () => run({ action: "archive" }),
    trash: () => run({ action: "trash" }),
    spam: () => run({ action: "spam" }),
    markRead: () => run({ action: "mark-read" }),
    markUnread: () => run({ action: "mark-unread" }),
    star: () => run({ action: ticked.every((item) => item.marks.includes("starred")) ? "unstar" : "star" }),
  };
}
