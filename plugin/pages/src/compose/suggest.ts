import type { Api } from "@plugin-host/client";
import type { Address } from "../mailbox/types.ts";

/** People written with before. A host that does not offer them has none: writing goes on without. */
export async function suggest(api: Api, q: string, signal: AbortSignal): Promise<Address[]> {
  const get = api.GET as unknown as (path: string, options: object) => Promise<{ data?: { items?: Address[] }; response: Response }>;
  const { data, response } = await get("/api/mail/recipients", { params: { query: { q } }, signal });
  return response.ok ? (data?.items ?? []) : [];
}
