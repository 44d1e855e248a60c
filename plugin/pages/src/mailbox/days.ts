/** Lists read better with headings by time: today, yesterday, this week, then months. */

export type Heading = { kind: "today" | "yesterday" | "week" | "lastWeek" } | { kind: "month"; at: number };

export type Row<T> = { type: "heading"; key: string; heading: Heading } | { type: "item"; key: string; item: T; index: number };

interface Bounds {
  today: number;
  yesterday: number;
  week: number;
  lastWeek: number;
}

/** Where the headings' spans begin, in the reader's time zone. Weeks begin on Monday. */
export function bounds(now: number): Bounds {
  const at = new Date(now);
  const day = (back: number) => new Date(at.getFullYear(), at.getMonth(), at.getDate() - back).getTime();
  const weekday = (at.getDay() + 6) % 7;
  return { today: day(0), yesterday: day(1), week: day(weekday), lastWeek: day(weekday + 7) };
}

function headingOf(at: number, { today, yesterday, week, lastWeek }: Bounds): Heading {
  if (at >= today) return { kind: "today" };
  if (at >= yesterday) return { kind: "yesterday" };
  if (at >= week) return { kind: "week" };
  if (at >= lastWeek) return { kind: "lastWeek" };
  const date = new Date(at);
  return { kind: "month", at: new Date(date.getFullYear(), date.getMonth(), 1).getTime() };
}

export function headingKey(heading: Heading): string {
  return heading.kind === "month" ? `month ${heading.at}` : heading.kind;
}

/** Rows as they were made, so that a longer list goes on from them. */
export interface Made<T> {
  items: readonly T[];
  rows: readonly Row<T>[];
  /** The day they were made on: tomorrow, today is yesterday. */
  day: number;
}

/**
 * Rows for a list that is ordered newest first. An item that is out of order (held at its place while the reader is further down) stays under
 * the heading that it is under, so that no heading comes twice. When a list only grew, the rows that are there are kept.
 */
export function withHeadings<T extends { id: string; latest: number }>(items: readonly T[], now: number, before?: Made<T>): Made<T> {
  const spans = bounds(now);
  const go = before !== undefined && before.day === spans.today && extendsList(before.items, items);
  const rows: Row<T>[] = go ? [...before.rows] : [];
  const begin = go ? before.items.length : 0;
  let current = "";
  let nextAt = Number.POSITIVE_INFINITY;
  if (begin > 0) {
    const last = rows.findLast((row) => row.type === "heading");
    if (last?.type === "heading") {
      current = headingKey(last.heading);
      nextAt = startOf(last.heading, spans);
    }
  }
  for (let index = begin; index < items.length; index += 1) {
    const item = items[index];
    if (item === undefined) break;
    // A heading is looked for only where the span of the one before it ended: most rows are in the middle of one.
    if (item.latest < nextAt) {
      const heading = headingOf(item.latest, spans);
      const key = headingKey(heading);
      nextAt = startOf(heading, spans);
      if (key !== current) rows.push({ type: "heading", key: `heading ${key}`, heading });
      current = key;
    }
    rows.push({ type: "item", key: item.id, item, index });
  }
  return { items, rows, day: spans.today };
}

/** Whether a list is another one with more at its end. */
export function extendsList<T>(short: readonly T[], long: readonly T[]): boolean {
  return short.length <= long.length && short.every((item, index) => item === long[index]);
}

function startOf(heading: Heading, spans: Bounds): number {
  if (heading.kind === "month") return heading.at;
  return spans[heading.kind];
}
