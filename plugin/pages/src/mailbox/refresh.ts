/** Keeps loaded lists up to date when the host says that conversations changed, without reading all of their pages again. */
import type { Api, HostEvent, HostEvents } from "@plugin-host/client";
import type { QueryClient } from "@tanstack/react-query";
import { LISTS, fetchPage, pageLimit, type ListData } from "./data.ts";
import { merged, trimmed, worthReading } from "./pages.ts";
import type { Matching, Page, ThreadSummary } from "./types.ts";

/** While an account fills, events come by the dozen. */
const BREATH = 600;

type Changed = ReadonlySet<string> | "unknown";

/** Reads again what may have changed of the lists. Answers when those that are looked at are up to date. */
export async function refreshLists(client: QueryClient, api: Api, changed: Changed): Promise<void> {
  const lists = client.getQueryCache().findAll({ queryKey: LISTS });
  await Promise.all(
    lists.map(async (query) => {
      const asked = query.meta?.["asked"] as Matching | undefined;
      const data = query.state.data as ListData | undefined;
      if (asked === undefined || data === undefined) return;
      if (!query.isActive()) {
        client.setQueryData<ListData>(query.queryKey, trimmed(data));
        void client.invalidateQueries({ queryKey: query.queryKey, refetchType: "none" });
        return;
      }
      const bySearch = asked.q !== undefined || (asked.addresses?.length ?? 0) > 0 || (asked.domains?.length ?? 0) > 0;
      // A search goes on from what it has shown: only its beginning can be read again.
      if (bySearch && data.pages.length > 1) return;
      const fresh = new Map<string | undefined, Page<ThreadSummary>>();
      await Promise.all(
        worthReading(data, changed).map(async (index) => {
          const cursor = data.pageParams[index];
          fresh.set(cursor, await fetchPage(api, asked, cursor, pageLimit(index)));
        }),
      );
      const known = changed === "unknown" ? new Set<string>(allIds(data)) : changed;
      client.setQueryData<ListData>(query.queryKey, (now) => {
        if (now === undefined) return now;
        const [head] = fresh.values();
        return bySearch && head !== undefined ? { pages: [head], pageParams: [undefined] } : merged(now, fresh, known);
      });
    }),
  ).catch(() => {
    // Not reached: the next event, or coming back, tries again.
  });
}

function allIds(data: ListData): string[] {
  return data.pages.flatMap((page) => page.items.map((item) => item.id));
}

/** Follows the events. Answers how to stop. */
export function follow(events: HostEvents, client: QueryClient, api: Api): () => void {
  let waiting: Set<string> | "unknown" | undefined;
  let timer: number | undefined;
  const flush = () => {
    timer = undefined;
    const changed = waiting;
    waiting = undefined;
    if (changed !== undefined) void refreshLists(client, api, changed);
  };
  const soon = () => (timer ??= window.setTimeout(flush, BREATH));
  const heard = (event: HostEvent) => {
    const threads = threadsOf(event);
    if (threads === undefined || waiting === "unknown") waiting = "unknown";
    else waiting = new Set([...(waiting ?? []), ...threads]);
    soon();
  };
  const everything = () => {
    waiting = "unknown";
    soon();
  };
  const stops = [events.on("threads.changed", heard), events.on("actions.refused", everything)];
  const back = () => {
    if (document.visibilityState === "visible") everything();
  };
  window.addEventListener("online", everything);
  document.addEventListener("visibilitychange", back);
  return () => {
    window.clearTimeout(timer);
    window.removeEventListener("online", everything);
    document.removeEventListener("visibilitychange", back);
    for (const stop of stops) stop();
  };
}

/** The conversations that an event names; none: it does not name all. */
function threadsOf(event: HostEvent): string[] | undefined {
  if (event.topic !== "threads.changed" || typeof event.data !== "object" || event.data === null) return undefined;
  const { threads, complete } = event.data as { threads?: unknown; complete?: unknown };
  if (complete !== true || !Array.isArray(threads)) return undefined;
  return threads.filter((id): id is string => typeof id === "string");
}
