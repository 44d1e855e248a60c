import { Problem, type Locale } from "@plugin-host/client";

import { covers } from "./router.ts";

/** Where to learn how much waits behind an entry. */
export interface Badge {
  /** Answers JSON. */
  get: string;
  /** Names the number in it; dots lead into objects. */
  value: string;
  /** After which to ask again. */
  events: readonly string[];
}

const PLACES = ["main", "settings", "account"] as const;
/** Among the main things to do, the settings of the host, or what concerns the person. */
export type Place = (typeof PLACES)[number];

/** A place in the menu that a plugin's pages have. */
export interface Entry {
  plugin: string;
  module: string;
  styles: readonly string[];
  /** Covers what is below it, too. */
  path: string;
  place: Place;
  title: string;
  icon: string | undefined;
  badge: Badge | undefined;
}

/** What the host says of the pages that the signed-in person may open, as it says it. */
export async function readPages(signal: AbortSignal): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch("/api/pages", { headers: { accept: "application/json" }, signal });
  } catch (reason) {
    if (signal.aborted) throw reason;
    throw new Problem(0, undefined, String(reason));
  }
  // A host that has no pages at all.
  if (response.status === 404) return [];
  if (!response.ok) throw new Problem(response.status, undefined, response.statusText);
  return response.json();
}

/** The menu entries in a person's language. A plugin that says something else than agreed loses its entry, not everybody's menu. */
export function entriesOf(answer: unknown, locale: Locale, administrator: boolean): Entry[] {
  const items = Array.isArray(answer) ? answer : isRecord(answer) && Array.isArray(answer["items"]) ? answer["items"] : [];
  return items.filter(isRecord).flatMap((item) => {
    const { plugin, module, entries } = item;
    if (typeof plugin !== "string" || typeof module !== "string" || !module.startsWith("/pages/") || !Array.isArray(entries)) return [];
    const styles = texts(item["styles"]).filter((style) => style.startsWith("/pages/"));
    return entries.filter(isRecord).flatMap((entry): Entry[] => {
      const { path, place, icon, role } = entry;
      const known = PLACES.find((name) => name === place);
      if (typeof path !== "string" || !path.startsWith("/") || known === undefined) return [];
      if (role === "administrator" && !administrator) return [];
      return [{
        plugin, module, styles, path, place: known,
        title: titleOf(entry["title"], locale) ?? plugin,
        icon: typeof icon === "string" && icon !== "" ? icon : undefined,
        badge: badgeOf(entry["badge"]),
      }];
    });
  });
}

/** The entry with the longest path that covers the address. */
export function entryAt(entries: readonly Entry[], pathname: string): Entry | undefined {
  return entries
    .filter((entry) => covers(entry.path, pathname))
    .reduce<Entry | undefined>((best, entry) => (best === undefined || entry.path.length > best.path.length ? entry : best), undefined);
}

/** The number that an answer has under a badge's name; nothing if there is none to be shown. */
export function countIn(answer: unknown, name: string): number | undefined {
  let value: unknown = answer;
  for (const part of name.split(".")) value = isRecord(value) ? value[part] : undefined;
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? Math.floor(value) : undefined;
}

function badgeOf(value: unknown): Badge | undefined {
  if (!isRecord(value)) return undefined;
  const { get, value: name } = value;
  // Only this host is asked, whatever a plugin says.
  if (typeof get !== "string" || !get.startsWith("/api/") || typeof name !== "string") return undefined;
  return { get, value: name, events: texts(value["events"]) };
}

function titleOf(value: unknown, locale: Locale): string | undefined {
  if (typeof value === "string") return value;
  if (!isRecord(value)) return undefined;
  return [value[locale], value["en"], ...Object.values(value)].find((title) => typeof title === "string") as string | undefined;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
