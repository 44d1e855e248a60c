import { createApi, HostEvents, type components } from "@plugin-host/client";

import { currentLocale } from "./i18n.ts";
import { session, signedOut } from "./session.ts";

export type Schemas = components["schemas"];
export type Plugin = Schemas["PluginView"];
export type Grants = Schemas["GrantSet"];
export type Manifest = Schemas["ManifestView"];
export type Person = Schemas["Person"];

/** The one client and the one event stream of the window, shared with plugins' pages. */
export const api = createApi(currentLocale);

api.use({
  onResponse({ request, response }) {
    // Whoever asked hears it as a problem; here it is that the session ended, wherever that was noticed. A wrong password is no such thing.
    if (response.status === 401 && !new URL(request.url).pathname.startsWith("/api/session") && session.get().is === "in") {
      signedOut("ended");
    }
    return undefined;
  },
});

let stream: HostEvents | undefined;

export function events(): HostEvents {
  stream ??= new HostEvents();
  return stream;
}

export function hangUp(): void {
  stream?.close();
  stream = undefined;
}
