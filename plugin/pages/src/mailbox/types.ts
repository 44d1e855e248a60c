import type { components } from "@plugin-host/client";

type Schemas = components["schemas"];

export type Account = Schemas["Account"];
export type ActionName = Schemas["ActionName"];
export type Address = Schemas["Address"];
export type Attachment = Schemas["Attachment"];
export type Folder = Schemas["Folder"];
export type FolderRole = Schemas["FolderRole"];
export type Mark = Schemas["Mark"];
export type Matching = Schemas["Matching"];
export type Message = Schemas["Message"];
export type MessageText = Schemas["MessageText"];
export type ThreadSummary = Schemas["ThreadSummary"];

/** A page of a list, as the API answers it. */
export interface Page<T> {
  items: T[];
  next?: string | null;
}
