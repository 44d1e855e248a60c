/**
 * The host's public HTTP API for pages: a client typed by the OpenAPI document (`schema.d.ts` is generated from it), the event stream,
 * and what a plugin's pages are given when they are shown. Nothing here can do what another program with the API could not.
 */
export { createApi, type Api } from "./api.ts";
export { HostEvents, type ConnectionState, type HostEvent } from "./events.ts";
export { Problem, unwrap } from "./problem.ts";
export type { Locale, Mount, Mounted, PageContext, PageLocation, Theme } from "./page.ts";
export type { components, paths } from "./schema.d.ts";
