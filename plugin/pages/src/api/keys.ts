/** Names of what is cached. One place, so that an event finds all that it makes old. */
export const keys = {
  mail: ["mail"] as const,
  accounts: () => ["mail", "accounts"] as const,
  account: (id: string) => ["mail", "accounts", id] as const,
  parked: (id: string) => ["mail", "accounts", id, "parked"] as const,
  log: (id: string) => ["mail", "accounts", id, "log"] as const,
  /** Of an account, or of all. */
  folders: (account?: string) => (account === undefined ? (["mail", "folders"] as const) : (["mail", "folders", account] as const)),
  /** Lists of threads, by filter. */
  threads: (filter?: unknown) => (filter === undefined ? (["mail", "threads"] as const) : (["mail", "threads", filter] as const)),
  /** One conversation. */
  thread: (id?: string) => (id === undefined ? (["mail", "thread"] as const) : (["mail", "thread", id] as const)),
  message: (id: string) => ["mail", "message", id] as const,
  outbox: () => ["mail", "outbox"] as const,
  settings: () => ["settings"] as const,
};
