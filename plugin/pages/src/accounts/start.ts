/** From when on mail is fetched. */

export const presets = ["week", "month", "quarter", "year", "everything", "date"] as const;
export type Preset = (typeof presets)[number];

export interface Start {
  preset: Preset;
  /** With `date`: the first day. */
  date?: Date | undefined;
}

export const usual: Start = { preset: "month" };

/** Milliseconds since the Unix epoch, 0 for everything; nothing if a date is still to be chosen. Whole days, as people think of them. */
export function sinceOf({ preset, date }: Start, now = new Date()): number | undefined {
  const today = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  switch (preset) {
    case "week":
      return today.setDate(today.getDate() - 7);
    case "month":
      return monthsBefore(today, 1);
    case "quarter":
      return monthsBefore(today, 3);
    case "year":
      return monthsBefore(today, 12);
    case "everything":
      return 0;
    case "date":
      return date && date.getTime() <= now.getTime() ? new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime() : undefined;
  }
}

/** The same day, or the last one of a shorter month. */
function monthsBefore(day: Date, months: number): number {
  const before = new Date(day.getFullYear(), day.getMonth() - months, 1);
  const last = new Date(before.getFullYear(), before.getMonth() + 1, 0).getDate();
  return before.setDate(Math.min(day.getDate(), last));
}
