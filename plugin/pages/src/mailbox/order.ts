/** What keeps a list still under the reader's eyes while mail comes and goes. */

import { extendsList } from "./days.ts";

interface Listed {
  id: string;
  latest: number;
}

export interface Still<T> {
  items: T[];
  /** How many came that are not shown yet. */
  held: number;
}

/**
 * The list in the order in which it was last shown. What is new among the shown ones is held back (it would push everything down), what
 * follows the last one is appended, and what was changed is changed at its old place. `keep` stays listed although it is gone from `items`:
 * the open conversation must not vanish because reading it made it no longer unread.
 */
export function still<T extends Listed>(shown: readonly T[], items: readonly T[], keep?: string): Still<T> {
  const now = new Map(items.map((item) => [item.id, item]));
  const known = new Set<string>();
  const kept: T[] = [];
  for (const old of shown) {
    known.add(old.id);
    const item = now.get(old.id) ?? (old.id === keep ? old : undefined);
    if (item !== undefined) kept.push(item);
  }
  let last = -1;
  items.forEach((item, index) => {
    if (known.has(item.id) && item.latest <= (shown.at(-1)?.latest ?? Number.POSITIVE_INFINITY)) last = index;
  });
  const end = shown.at(-1)?.latest ?? Number.POSITIVE_INFINITY;
  let held = 0;
  items.forEach((item, index) => {
    if (known.has(item.id)) return;
    if (index > last && item.latest <= end) kept.push(item);
    else held += 1;
  });
  return { items: kept, held };
}

/** The list as it is, except that `keep` stays where it was shown. */
export function withKept<T extends Listed>(shown: readonly T[], items: readonly T[], keep?: string): T[] {
  if (keep === undefined || items.some((item) => item.id === keep)) return [...items];
  const at = shown.findIndex((item) => item.id === keep);
  const old = shown[at];
  if (old === undefined) return [...items];
  const before = shown.slice(0, at).map((item) => item.id);
  const place = items.findLastIndex((item) => before.includes(item.id)) + 1;
  return [...items.slice(0, place), old, ...items.slice(place)];
}

/**
 * All pages as one list; a conversation that is on two pages, because it moved between the requests, is listed by the first. Goes on from what was
 * joined before when only pages were added.
 */
export class Joiner<T extends Listed> {
  private pages: readonly { items: readonly T[] }[] = [];
  private seen = new Set<string>();
  private all: readonly T[] = [];

  join(pages: readonly { items: readonly T[] }[]): readonly T[] {
    if (pages.length === this.pages.length && extendsList(this.pages, pages)) return this.all;
    const grown = extendsList(this.pages, pages);
    const all = grown ? [...this.all] : [];
    if (!grown) this.seen = new Set();
    for (const page of grown ? pages.slice(this.pages.length) : pages) {
      for (const item of page.items) {
        if (this.seen.has(item.id)) continue;
        this.seen.add(item.id);
        all.push(item);
      }
    }
    this.pages = pages;
    this.all = all;
    return all;
  }
}

/** What is shown of a list: as it is, or still. Goes on from what was shown before when the list only grew. */
export class Shown<T extends Listed> {
  private name: string | undefined;
  private raw: readonly T[] = [];
  private shown: readonly T[] = [];
  private held = 0;
  /** The open conversation, shown although it is gone from the list. */
  private kept: string | undefined;

  next(name: string, raw: readonly T[], frozen: boolean, keep?: string): { items: readonly T[]; held: number } {
    // What was kept for being open is let go once something else is.
    const over = this.kept !== undefined && this.kept !== keep;
    if (name !== this.name) {
      this.set(raw, 0);
      this.kept = undefined;
    } else if (raw !== this.raw || over || (!frozen && this.held > 0)) {
      if (!over && extendsList(this.raw, raw) && (frozen || this.held === 0)) this.set([...this.shown, ...raw.slice(this.raw.length)], this.held);
      else if (frozen) {
        const { items, held } = still(this.shown, raw, keep);
        this.set(items, held);
        this.note(raw, keep);
      } else {
        this.set(withKept(this.shown, raw, keep), 0);
        this.note(raw, keep);
      }
    }
    this.name = name;
    this.raw = raw;
    return { items: this.shown, held: this.held };
  }

  private set(items: readonly T[], held: number): void {
    this.shown = items;
    this.held = held;
  }

  private note(raw: readonly T[], keep: string | undefined): void {
    const extra = keep !== undefined && !raw.some((item) => item.id === keep) && this.shown.some((item) => item.id === keep);
    this.kept = extra ? keep : undefined;
  }
}

/**
 * A page that was asked for again with the cursor that it had. It may reach less far than before, because something came in between: what
 * lies behind its new end and was not changed is taken from before, so that no hole opens before the next page.
 */
export function refreshed<T extends Listed>(old: readonly T[], fresh: readonly T[], changed: ReadonlySet<string>): T[] {
  const end = fresh.at(-1)?.latest;
  if (end === undefined) return [];
  const there = new Set(fresh.map((item) => item.id));
  return [...fresh, ...old.filter((item) => item.latest < end && !there.has(item.id) && !changed.has(item.id))];
}
