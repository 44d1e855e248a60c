import type { Grants } from "../../core/host.ts";

/** `same`: wanted and granted. `missing`: wanted, not granted. `more`: granted beyond what is wanted. */
export type Standing = "same" | "missing" | "more";

export interface Compared<V> {
  value: V;
  standing: Standing;
}

export interface Comparison {
  origins: (Compared<string> & { internal: boolean })[];
  paths: Compared<string>[];
  pages: Standing | undefined;
  storage: Compared<number> & { wanted: number };
  memory: Compared<number> & { wanted: number };
  seconds: Compared<number> & { wanted: number };
  /** Whether something wanted is not granted. */
  short: boolean;
}

/** What a plugin wants against what it has. Nothing granted: everything is missing. */
export function compare(wanted: Grants, granted: Grants | null | undefined): Comparison {
  const has = granted ?? { origins: [], paths: [], pages: false, storage_bytes: 0, memory_bytes: 0, call_seconds: 0 };
  const originsHad = new Map((has.origins ?? []).map(({ origin, internal }) => [origin, internal ?? false]));
  const originsWanted = (wanted.origins ?? []).map(({ origin }) => origin);
  const origins: Comparison["origins"] = [
    ...originsWanted.map((origin) => ({ value: origin, internal: originsHad.get(origin) ?? false, standing: originsHad.has(origin) ? ("same" as const) : ("missing" as const) })),
    ...[...originsHad].filter(([origin]) => !originsWanted.includes(origin)).map(([origin, internal]) => ({ value: origin, internal, standing: "more" as const })),
  ];
  const pathsHad = has.paths ?? [];
  const pathsWanted = wanted.paths ?? [];
  const paths: Comparison["paths"] = [
    ...pathsWanted.map((path) => ({ value: path, standing: pathsHad.includes(path) ? ("same" as const) : ("missing" as const) })),
    ...pathsHad.filter((path) => !pathsWanted.includes(path)).map((path) => ({ value: path, standing: "more" as const })),
  ];
  const pages = wanted.pages === true ? (has.pages === true ? "same" : "missing") : undefined;
  const amount = (want: number, got: number) => ({ value: got, wanted: want, standing: (got === want ? "same" : got < want ? "missing" : "more") as Standing });
  const storage = amount(wanted.storage_bytes, has.storage_bytes);
  const memory = amount(wanted.memory_bytes, has.memory_bytes);
  const seconds = amount(wanted.call_seconds, has.call_seconds);
  const short = [...origins, ...paths, storage, memory, seconds].some(({ standing }) => standing === "missing") || pages === "missing";
  return { origins, paths, pages, storage, memory, seconds, short };
}

/** What was granted, and whatever is wanted beyond it: what an upgrade proposes. Nothing that somebody added is lost. */
export function merged(wanted: Grants, granted: Grants | null | undefined): Grants {
  if (granted === null || granted === undefined) return wanted;
  const known = new Set((granted.origins ?? []).map(({ origin }) => origin));
  return {
    origins: [...(granted.origins ?? []), ...(wanted.origins ?? []).filter(({ origin }) => !known.has(origin))],
    // Only what the manifest names can be granted.
    paths: wanted.paths ?? [],
    pages: (granted.pages ?? false) || (wanted.pages ?? false),
    storage_bytes: Math.max(granted.storage_bytes, wanted.storage_bytes),
    memory_bytes: Math.max(granted.memory_bytes, wanted.memory_bytes),
    call_seconds: Math.max(granted.call_seconds, wanted.call_seconds),
  };
}

/** Scheme, host and perhaps a port; nothing else is granted. The host checks again, and says more. */
export function isOrigin(text: string): boolean {
  return /^https?:\/\/(\*\.)?[a-z0-9\-.[\]:]+$/i.test(text.trim().replace(/\/$/, ""));
}
