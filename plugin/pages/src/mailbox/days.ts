/** Lists read better with headings by time: today, yesterday, this week, then months. */

export type Heading = { kind: "today" | "yesterday" | "week" | "lastWeek" } | { kind: "month"; at: number };

export type Row<T> = { type: "heading"; key: string; heading: Heading } | { type: "item"; key: string; item: T; index: number };

interface Bounds {
  today: number;
  yesterday: number;
  week: number;
  lastWeek: number;
}

const FUTURE = 86_400_000;

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

/**
 * Rows for a list that is ordered newest first. An item that is out of order (held at its place while the reader is further down) stays under
 * the heading that it is under, so that no heading comes twice.
 */
export function withHeadings<T extends { id: string; latest: number }>(items: readonly T[], now: number): Row<T>[] {
  const spans = bounds(now);
  const rows: Row<T>[] = [];
  let last = Number.POSITIVE_INFINITY;
  let current = "";
  let nextAt = Number.POSITIVE_INFINITY;
  items.forEach((item, index) => {
    const at = Math.min(item.latest, last);
    // A heading is computed only where the span before it ended: most rows are in the middle of one.
    if (at < nextAt || index === 0) {
      const heading = headingOf(at, spans);
      const key = headingKey(heading);
      nextAt = startOf(heading, spans);
      if (key !== current) rows.push({ type: "heading", key: `heading ${key}`, heading });
      current = key;
    }
    last = Math.min(last, item.latest + FUTURE);
    rows.push({ type: "item", key: item.id, item, index });
  });
  return rows;
}

function startOf(heading: Heading, spans: Bounds): number {
  if (heading.kind === "month") return heading.at;
  return spans[heading.kind];
}
