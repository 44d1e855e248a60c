import createClient, { type Client } from "openapi-fetch";
import type { paths } from "./schema.d.ts";

/** The host's API, with the session cookie of whoever is signed in. */
export type Api = Client<paths>;

/** `locale` chooses the language of what the host and its plugins answer. */
export function createApi(locale: () => string): Api {
  const api = createClient<paths>({ baseUrl: window.location.origin, credentials: "same-origin" });
  api.use({
    onRequest({ request }) {
      request.headers.set("accept-language", locale());
      return request;
    },
  });
  return api;
}
