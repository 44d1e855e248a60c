/** What was sent from this window, by its id in the outbox, so that it can be written on when it was stopped or failed. */
import type { Content } from "./content.ts";
import type { SavedAs } from "./saver.ts";

export interface Sent {
  content: Content;
  saved?: SavedAs;
}

export const sentFrom = new Map<string, Sent>();
