/** Linked accounts: reads and changes, over the typed client. */
import { unwrap, type components } from "@plugin-host/client";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { usePage } from "../app/context.tsx";
import { keys } from "./keys.ts";

export type Account = components["schemas"]["Account"];
export type AccountStatus = components["schemas"]["AccountStatus"];
export type AccountChange = components["schemas"]["AccountChange"];
export type Folder = components["schemas"]["Folder"];
export type LogEntry = components["schemas"]["LogEntry"];

/** Events bring news; while something is under way, a look now and then covers a stream that was cut. */
const UNDER_WAY = 4_000;

const busy = (account: Account): boolean => account.status.condition === "syncing";

/** All of the person's accounts, kept up to date by events. */
export function useAccounts() {
  const { api } = usePage();
  return useQuery({
    queryKey: keys.accounts(),
    queryFn: async ({ signal }) => (await unwrap(api.GET("/api/mail/accounts", { signal }))).items,
    refetchInterval: ({ state }) => (state.data?.some(busy) ? UNDER_WAY : false),
  });
}

/** One account: what the list knows at first, then its own. */
export function useAccount(id: string) {
  const { api } = usePage();
  const queries = useQueryClient();
  const listed = queries.getQueryData<Account[]>(keys.accounts())?.find((account) => account.id === id);
  return useQuery({
    queryKey: keys.account(id),
    queryFn: ({ signal }) => unwrap(api.GET("/api/mail/accounts/{id}", { params: { path: { id } }, signal })),
    ...(listed && { placeholderData: listed }),
    refetchInterval: ({ state }) => (state.data && busy(state.data) ? UNDER_WAY : false),
  });
}

/** Puts an answered account where it is read from. */
function keep(queries: QueryClient, account: Account): void {
  queries.setQueryData<Account>(keys.account(account.id), account);
  queries.setQueryData<Account[]>(keys.accounts(), (list) => list?.map((each) => (each.id === account.id ? account : each)));
}

export function useChangeAccount(id: string) {
  const { api } = usePage();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (change: AccountChange) => unwrap(api.PATCH("/api/mail/accounts/{id}", { params: { path: { id } }, body: change })),
    onSuccess: (account) => keep(queries, account),
  });
}

export function useSync(id: string) {
  const { api } = usePage();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => unwrap(api.POST("/api/mail/accounts/{id}/sync", { params: { path: { id } } })),
    onSuccess: (account) => keep(queries, account),
  });
}

export function useResync(id: string) {
  const { api } = usePage();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => unwrap(api.POST("/api/mail/accounts/{id}/resync", { params: { path: { id } } })),
    onSuccess: (account) => keep(queries, account),
  });
}

export function useUnlink(id: string) {
  const { api } = usePage();
  return useMutation({
    mutationFn: (keepMail: boolean) => unwrap(api.DELETE("/api/mail/accounts/{id}", { params: { path: { id }, query: { keep_mail: keepMail } } })),
  });
}

export function useRefreshAliases(id: string) {
  const { api } = usePage();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async () => (await unwrap(api.POST("/api/mail/accounts/{id}/aliases", { params: { path: { id } } }))).items,
    onSuccess: (aliases) => {
      queries.setQueryData<Account>(keys.account(id), (account) => account && { ...account, aliases });
      void queries.invalidateQueries({ queryKey: keys.accounts() });
    },
  });
}

/** Goes to the provider's page; the browser comes back through the redirect URI. `mailbox`: a shared one's address, empty for the person's own. */
export function useLink() {
  const { api } = usePage();
  return useMutation({
    mutationFn: ({ provider, since, mailbox = "" }: { provider: string; since: number | undefined; mailbox?: string }) =>
      unwrap(
        api.POST("/api/mail/accounts", {
          body: { provider, ...(since === undefined ? {} : { sync_since: since }), ...(mailbox === "" ? {} : { options: { mailbox } }) },
        }),
      ),
    onSuccess: ({ authorize_url }) => window.location.assign(authorize_url),
  });
}

/** Links the same account again, keeping its mail. */
export function useReconnect(id: string) {
  const { api } = usePage();
  return useMutation({
    mutationFn: () => unwrap(api.POST("/api/mail/accounts/{id}/reconnect", { params: { path: { id } } })),
    onSuccess: ({ authorize_url }) => window.location.assign(authorize_url),
  });
}

export function useParked(id: string) {
  const { api } = usePage();
  return useQuery({
    queryKey: keys.parked(id),
    queryFn: async ({ signal }) => (await unwrap(api.GET("/api/mail/accounts/{id}/parked", { params: { path: { id } }, signal }))).items,
  });
}

/** Tries all parked messages again. */
export function useRetryParked(id: string) {
  const { api } = usePage();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => unwrap(api.POST("/api/mail/accounts/{id}/parked/retry", { params: { path: { id } } })),
    onSuccess: (account) => {
      keep(queries, account);
      void queries.invalidateQueries({ queryKey: keys.parked(id) });
    },
  });
}

/** What synchronising did, newest first. */
export function useLog(id: string) {
  const { api } = usePage();
  return useInfiniteQuery({
    queryKey: keys.log(id),
    queryFn: ({ signal, pageParam }) =>
      unwrap(api.GET("/api/mail/accounts/{id}/log", { params: { path: { id }, query: { limit: 30, ...(pageParam !== "" && { cursor: pageParam }) } }, signal })),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
  });
}

/** Folders of one account, as they are at the provider and here. */
export function useFolders(account: string) {
  const { api } = usePage();
  return useQuery({
    queryKey: keys.folders(account),
    queryFn: async ({ signal }) => (await unwrap(api.GET("/api/mail/folders", { params: { query: { account } }, signal }))).items,
  });
}
