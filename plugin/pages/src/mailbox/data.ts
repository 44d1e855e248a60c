/** What the mailbox reads from the host, with the actions that are under way laid over it. */
import { unwrap, type Api } from "@plugin-host/client";
import { infiniteQueryOptions, queryOptions, useInfiniteQuery, useQuery, type InfiniteData, type QueryClient } from "@tanstack/react-query";
import { useMemo, useSyncExternalStore } from "react";
import { reachable } from "../accounts/status.ts";
import { keys } from "../api/keys.ts";
import { usePage } from "../app/context.tsx";
import { kindOf } from "../shared/problem.ts";
import { foldersOf, type Folders } from "./effect.ts";
import { Joiner } from "./order.ts";
import { overFolders, overList, overMessages } from "./overlay.ts";
import { useOverlay } from "./session.tsx";
import { listQuery } from "./place.ts";
import type { Account, Folder, Matching, Message, MessageText, Page, ThreadSummary } from "./types.ts";

/** Two screens of rows; more makes the first page later. */
const PAGE = 60;
/** Who has gone on this far goes on further, and each page that is added costs the more the more rows there are. */
const FAR = { pages: 4, limit: 200 } as const;

/** How many rows the page has that follows so many others. */
export function pageLimit(before: number): number {
  return before < FAR.pages ? PAGE : FAR.limit;
}

/** Lists are not under the key that events invalidate: reading all loaded pages again would be a hundred requests. See `refresh.ts`. */
export const LISTS = ["mailbox-list"] as const;

/** The name of a list: what is asked for, in a fixed order. */
export function listName(asked: Matching | undefined): string {
  return JSON.stringify(asked === undefined ? null : listQuery(asked));
}

export function fetchPage(api: Api, asked: Matching, cursor: string | undefined, limit: number, signal?: AbortSignal): Promise<Page<ThreadSummary>> {
  const query = { ...listQuery(asked), limit, ...(cursor === undefined ? {} : { cursor }) };
  return unwrap(api.GET("/api/mail/threads", { params: { query }, ...(signal === undefined ? {} : { signal }) }));
}

export type ListData = InfiniteData<Page<ThreadSummary>, string | undefined>;

export function listOptions(api: Api, asked: Matching | undefined) {
  return infiniteQueryOptions({
    queryKey: [...LISTS, listName(asked)] as const,
    queryFn: ({ pageParam, signal, client, queryKey }) => {
      const before = pageParam === undefined ? 0 : (client.getQueryData<ListData>(queryKey)?.pages.length ?? 0);
      return fetchPage(api, asked ?? {}, pageParam, pageLimit(before), signal);
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    enabled: asked !== undefined,
    // Events bring what is new; comparing a hundred thousand rows deeply would stop the page.
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    structuralSharing: false,
    meta: { asked },
  });
}

export function accountsOptions(api: Api) {
  return queryOptions({
    queryKey: keys.accounts(),
    queryFn: async ({ signal }): Promise<Account[]> => (await unwrap(api.GET("/api/mail/accounts", { signal }))).items,
  });
}

export function foldersOptions(api: Api) {
  return queryOptions({
    queryKey: [...keys.folders(), "all"] as const,
    queryFn: async ({ signal }): Promise<Folder[]> => (await unwrap(api.GET("/api/mail/folders", { signal }))).items,
    // An open page should not lose its folders while it asks again.
    gcTime: Number.POSITIVE_INFINITY,
  });
}

export function threadOptions(api: Api, id: string) {
  return queryOptions({
    queryKey: keys.thread(id),
    queryFn: async ({ signal }): Promise<Message[]> => (await unwrap(api.GET("/api/mail/threads/{id}", { params: { path: { id } }, signal }))).messages,
    gcTime: 30 * 60_000,
  });
}

export function textOptions(api: Api, message: string) {
  return queryOptions({
    queryKey: ["mail", "text", message] as const,
    queryFn: ({ signal }): Promise<MessageText> => unwrap(api.GET("/api/mail/messages/{id}/text", { params: { path: { id: message } }, signal })),
    // What a message says never changes.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 30 * 60_000,
  });
}

/** Lets the providers be asked for what is new, which comes by events; one that is being asked, once more. What keeps one from it, its account says. */
export async function checkForMail(api: Api, client: QueryClient, accounts: readonly Account[]): Promise<void> {
  await Promise.all(
    accounts.filter(reachable).map(async ({ id }) => {
      const account = await unwrap(api.POST("/api/mail/accounts/{id}/sync", { params: { path: { id } } })).catch(() => undefined);
      if (account !== undefined) client.setQueryData<Account[]>(keys.accounts(), (list) => list?.map((each) => (each.id === id ? account : each)));
    }),
  );
}

export function useAccounts() {
  return useQuery(accountsOptions(usePage().api));
}

const NO_FOLDERS: Folder[] = [];

export interface FolderData {
  list: readonly Folder[];
  folders: Folders;
  query: { isPending: boolean; isError: boolean; error: unknown; refetch(): unknown };
}

/** All folders, with counters that include what is under way. */
export function useFolders(): FolderData {
  const query = useQuery(foldersOptions(usePage().api));
  const ops = useOps();
  const raw = query.data ?? NO_FOLDERS;
  const list = useMemo(() => overFolders(raw, ops), [raw, ops]);
  // What folders are for does not change with their counters.
  const folders = useMemo(() => foldersOf(raw), [raw]);
  return { list, folders, query };
}

export function useOps() {
  const overlay = useOverlay();
  return useSyncExternalStore(overlay.subscribe, overlay.ops);
}

export function useThreads(asked: Matching | undefined, folders: Folders) {
  const query = useInfiniteQuery(listOptions(usePage().api, asked));
  const ops = useOps();
  const name = listName(asked);
  const pages = query.data?.pages;
  const joiner = useMemo(() => new Joiner<ThreadSummary>(), [name]);
  const raw = useMemo(() => joiner.join(pages ?? []), [joiner, pages]);
  const items = useMemo(() => overList(raw, ops, name, asked ?? {}, folders), [raw, ops, name, asked, folders]);
  return { query, items };
}

export function useThread(id: string, folders: Folders) {
  const query = useQuery(threadOptions(usePage().api, id));
  const ops = useOps();
  const { data } = query;
  const messages = useMemo(() => (data === undefined ? undefined : overMessages(data, ops, id, folders)), [data, ops, id, folders]);
  return { query, messages };
}

/** Whether the host has said that this conversation is there no more. */
export function useGone(id: string | undefined): boolean {
  const { error } = useQuery({ ...threadOptions(usePage().api, id ?? ""), enabled: false });
  return id !== undefined && kindOf(error) === "not-found";
}

/** Reads a conversation before it is opened, with the texts that will be expanded. */
export function prefetchThread(api: Api, client: QueryClient, id: string): void {
  void client
    .fetchQuery(threadOptions(api, id))
    .then((messages) => Promise.all(expandedAtFirst(messages).map((message) => client.prefetchQuery(textOptions(api, message)))))
    .catch(() => {
      // Opening it will say what is wrong.
    });
}

/** The unread ones and the last one are open; of many unread ones, the newest few. */
export function expandedAtFirst(messages: readonly Message[]): string[] {
  const unread = messages.filter((message) => message.marks.includes("unread")).slice(-5);
  const last = messages.at(-1);
  return [...new Set([...unread, ...(last === undefined ? [] : [last])].map((message) => message.id))];
}
