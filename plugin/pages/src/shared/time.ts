/** Times for people: milliseconds since the Unix epoch, shown in their language and time zone. */
import { useEffect, useState } from "react";
import { usePage } from "../app/context.tsx";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const tags = { en: "en-GB", ru: "ru", zh: "zh-CN" } as const;
type Tag = keyof typeof tags;

const formats = new Map<string, Intl.DateTimeFormat>();

// Making one is slow, and lists need thousands.
function format(locale: Tag, name: keyof typeof options): Intl.DateTimeFormat {
  const key = `${locale} ${name}`;
  const known = formats.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat(tags[locale], options[name]);
  formats.set(key, made);
  return made;
}

const options = {
  time: { hour: "2-digit", minute: "2-digit" },
  day: { day: "numeric", month: "short" },
  date: { day: "numeric", month: "short", year: "numeric" },
  full: { weekday: "short", day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit" },
  moment: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

/** For a list: the time today, the day this year, else the date. */
export function shortTime(at: number, locale: Tag, now = Date.now()): string {
  const then = new Date(at);
  const today = new Date(now);
  if (then.toDateString() === today.toDateString()) return format(locale, "time").format(then);
  return format(locale, then.getFullYear() === today.getFullYear() ? "day" : "date").format(then);
}

/** A day. */
export function dateOnly(at: number, locale: Tag): string {
  return format(locale, "date").format(at);
}

/** Everything, for a reader or a tooltip. */
export function fullTime(at: number, locale: Tag): string {
  return format(locale, "full").format(at);
}

/** Soon or lately: the time today, else day and time. */
export function momentOf(at: number, locale: Tag, now = Date.now()): string {
  const today = new Date(at).toDateString() === new Date(now).toDateString();
  return format(locale, today ? "time" : "moment").format(at);
}

/** "3 minutes ago", "in 2 hours". */
export function relativeTime(at: number, locale: Tag, now = Date.now()): string {
  const distance = at - now;
  const size = Math.abs(distance);
  const format = new Intl.RelativeTimeFormat(tags[locale], { numeric: "auto" });
  if (size < MINUTE) return format.format(Math.trunc(distance / 1_000 / 60), "minute");
  if (size < HOUR) return format.format(Math.round(distance / MINUTE), "minute");
  if (size < DAY) return format.format(Math.round(distance / HOUR), "hour");
  return format.format(Math.round(distance / DAY), "day");
}

/** Sizes in the units that people know from their files. */
export function fileSize(bytes: number, locale: Tag): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;
  let size = bytes;
  let unit = 0;
  while (size >= 1_000 && unit < units.length - 1) {
    size /= 1_000;
    unit += 1;
  }
  const style = { style: "unit", unit: units[unit] ?? "byte", unitDisplay: "short", maximumFractionDigits: size < 10 && unit > 0 ? 1 : 0 } as const;
  return new Intl.NumberFormat(tags[locale], style).format(size);
}

/** A number with its language's separators. */
export function count(value: number, locale: Tag): string {
  return new Intl.NumberFormat(tags[locale]).format(value);
}

/** How long something took, in its largest unit. */
export function duration(milliseconds: number, locale: Tag): string {
  const [size, unit]: [number, string] = milliseconds < MINUTE ? [milliseconds / 1_000, "second"] : milliseconds < HOUR ? [milliseconds / MINUTE, "minute"] : [milliseconds / HOUR, "hour"];
  return new Intl.NumberFormat(tags[locale], { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: size < 10 ? 1 : 0 }).format(size);
}

/** Changes each minute, for what shows a relative time. */
export function useNow(every = MINUTE): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), every);
    return () => window.clearInterval(timer);
  }, [every]);
  return now;
}

/** All of these in the language of the page. */
export function useFormat() {
  const { locale } = usePage();
  return {
    short: (at: number) => shortTime(at, locale),
    date: (at: number) => dateOnly(at, locale),
    full: (at: number) => fullTime(at, locale),
    moment: (at: number) => momentOf(at, locale),
    relative: (at: number, now?: number) => relativeTime(at, locale, now),
    size: (bytes: number) => fileSize(bytes, locale),
    count: (value: number) => count(value, locale),
    duration: (milliseconds: number) => duration(milliseconds, locale),
  };
}
