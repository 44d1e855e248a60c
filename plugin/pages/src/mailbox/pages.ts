/** Loaded pages of a list, brought up to date without reading all of them again. */
import { refreshed } from "./order.ts";
import type { Page, ThreadSummary } from "./types.ts";

export interface Loaded {
  pages: Page<ThreadSummary>[];
  pageParams: (string | undefined)[];
}

/** Which pages to ask for again: the first, where new mail appears, and those that show what changed. */
export function worthReading(loaded: Loaded, changed: ReadonlySet<string> | "unknown", most = 6): number[] {
  const wanted: number[] = [];
  loaded.pages.forEach((page, index) => {
    if (wanted.length >= most) return;
    if (index === 0 || changed === "unknown" || page.items.some((item) => changed.has(item.id))) wanted.push(index);
  });
  return wanted;
}

/** The pages with some of them read again, by the cursor that each was read with. */
export function merged(loaded: Loaded, fresh: ReadonlyMap<string | undefined, Page<ThreadSummary>>, changed: ReadonlySet<string>): Loaded {
  const head = fresh.get(undefined);
  const [first] = loaded.pages;
  if (head !== undefined && first !== undefined && (head.next ?? null) !== null) {
    const before = new Set(first.items.map((item) => item.id));
    // So much came that the old first page is out of reach: begin anew rather than leave a hole.
    if (first.items.length > 0 && !head.items.some((item) => before.has(item.id))) return { pages: [head], pageParams: [undefined] };
  }
  const pages: Page<ThreadSummary>[] = [];
  const pageParams: (string | undefined)[] = [];
  for (const [index, old] of loaded.pages.entries()) {
    const cursor = loaded.pageParams[index];
    const again = fresh.get(cursor);
    pageParams.push(cursor);
    if (again === undefined) {
      pages.push(old);
      continue;
    }
    if ((again.next ?? null) === null) {
      // The list ends here now.
      pages.push(again);
      break;
    }
    const items = refreshed(old.items, again.items, changed);
    const last = index === loaded.pages.length - 1;
    pages.push({ items, next: last && items.length === again.items.length ? (again.next ?? null) : (old.next ?? null) });
  }
  return { pages, pageParams };
}

/** Only the first pages: what a list keeps while nobody looks at it. */
export function trimmed(loaded: Loaded, most = 2): Loaded {
  return loaded.pages.length <= most ? loaded : { pages: loaded.pages.slice(0, most), pageParams: loaded.pageParams.slice(0, most) };
}
