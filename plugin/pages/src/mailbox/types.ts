import type { components } from "@plugin-host/client";

type Schemas = components["schemas"];

export type Account = Schemas["Account"];
export type ActionName = Schemas["ActionName"];
export type Address = Schemas["Address"];
export type Attachment = Schemas["Attachment"];
export type Folder = Schemas["Folder"];
export type FolderRole = Schemas["FolderRole"];
export type Mark = Schemas["Mark"];
/** What a list is asked for; what is left out narrows nothing. */
export type Matching = Partial<Schemas["Matching"]>;
export type Message = Schemas["Message"];
export type MessageText = Schemas["MessageText"];
export type ThreadSummary = Schemas["ThreadSummary"];

/** What can be done with an account, by its consent and the administrator's settings. */
export function can(account: Account, feature: "modify" | "send" | "delete"): boolean {
  return account.features.includes(feature);
}

/** A page of a list, as the API answers it. */
export interface Page<T> {
  items: T[];
  next?: string | null;
}
