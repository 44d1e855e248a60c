import type { HostEvent, HostEvents } from "@plugin-host/client";
import type { QueryClient, QueryKey } from "@tanstack/react-query";
import { keys } from "./keys.ts";

/** While an account is filled for the first time, events come by the dozen: what is shown is read anew at most this often. */
const BREATH = 700;

const text = (data: unknown, name: string): string | undefined => {
  const value = typeof data === "object" && data !== null ? (data as Record<string, unknown>)[name] : undefined;
  return typeof value === "string" ? value : undefined;
};

const texts = (data: unknown, name: string): string[] | undefined => {
  const value = typeof data === "object" && data !== null ? (data as Record<string, unknown>)[name] : undefined;
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === "string") : undefined;
};

/** What an event makes old. */
export function outdated(event: HostEvent): QueryKey[] {
  switch (event.topic) {
    case "accounts.changed":
      return [keys.accounts(), keys.folders()];
    case "threads.changed": {
      const complete = (event.data as { complete?: unknown } | undefined)?.complete === true;
      const threads = texts(event.data, "threads");
      const known = complete && threads !== undefined;
      return [keys.threads(), keys.folders(text(event.data, "account")), keys.folders("all"), ...(known ? threads.map((id) => keys.thread(id)) : [keys.thread()])];
    }
    case "outbox.changed":
      return [keys.outbox()];
    case "actions.refused":
      return [keys.threads(), keys.thread(), keys.folders()];
    // Some were missed.
    case "resync":
      return [keys.mail];
    default:
      return [];
  }
}

/** The one place where events become reads. Answers how to stop. */
export function listen(events: HostEvents, queries: QueryClient): () => void {
  const waiting = new Map<string, QueryKey>();
  let timer: number | undefined;
  const flush = () => {
    timer = undefined;
    const due = [...waiting.values()];
    waiting.clear();
    for (const queryKey of due) void queries.invalidateQueries({ queryKey });
  };
  const heard = (event: HostEvent) => {
    for (const key of outdated(event)) waiting.set(JSON.stringify(key), key);
    if (waiting.size > 0) timer ??= window.setTimeout(flush, BREATH);
  };
  const topics = ["accounts.changed", "threads.changed", "outbox.changed", "actions.refused"];
  const stops = topics.map((topic) => events.on(topic, heard));
  return () => {
    window.clearTimeout(timer);
    for (const stop of stops) stop();
  };
}
