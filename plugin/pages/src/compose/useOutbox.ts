import { unwrap, type Api, type components } from "@plugin-host/client";
import { infiniteQueryOptions, useInfiniteQuery } from "@tanstack/react-query";
import { keys } from "../api/keys.ts";
import { usePage } from "../app/context.tsx";

export type Outgoing = components["schemas"]["Outgoing"];

function outboxOptions(api: Api) {
  return infiniteQueryOptions({
    queryKey: keys.outbox(),
    queryFn: ({ pageParam, signal }) =>
      unwrap(api.GET("/api/mail/outbox", { params: { query: { limit: 50, ...(pageParam === undefined ? {} : { cursor: pageParam }) } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });
}

export function useOutbox() {
  return useInfiniteQuery(outboxOptions(usePage().api));
}

/** States in which a message is neither out nor given up. */
export const PENDING: readonly Outgoing["state"][] = ["pending", "scheduled", "sending", "unclear"];

/** Messages that wait or failed: what a person wants to know without looking. */
export function useOutboxCount(): number {
  const { data } = useOutbox();
  return (data?.pages ?? []).flatMap((page) => page.items).filter(({ state }) => PENDING.includes(state)).length;
}
