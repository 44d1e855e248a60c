import { unwrap, type Api } from "@plugin-host/client";
import type { Address } from "../mailbox/types.ts";

/** People written with before. Without an answer, one types on. */
export async function suggest(api: Api, q: string, signal: AbortSignal): Promise<Address[]> {
  return (await unwrap(api.GET("/api/mail/recipients", { params: { query: { q } }, signal }))).items;
}
