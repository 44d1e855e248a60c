import { unwrap } from "@plugin-host/client";

import { administer } from "../../core/confirm.ts";
import { api, type Grants, type Plugin } from "../../core/host.ts";
import { useLanguage } from "../../core/i18n.ts";
import { useResource, type Resource } from "../../core/resource.ts";
import { tellingFetch } from "./telling-fetch.ts";

const CHANGED = ["plugins.changed"] as const;

// They describe themselves in the reader's language.
export function usePlugins(): Resource<Plugin[]> {
  const { locale } = useLanguage();
  return useResource(`plugins ${locale}`, async (signal) => (await unwrap(api.GET("/api/plugins", { signal }))).items, CHANGED);
}

export function usePlugin(id: string): Resource<Plugin> {
  const { locale } = useLanguage();
  return useResource(`plugin ${id} ${locale}`, (signal) => unwrap(api.GET("/api/plugins/{id}", { params: { path: { id } }, signal })), CHANGED);
}

const at = (id: string) => ({ params: { path: { id } } });

/** Approves, then switches on: what the one dialog promises. */
export const approveAndEnable = (id: string, grants: Grants): Promise<Plugin> =>
  administer(async () => {
    await unwrap(api.PUT("/api/plugins/{id}/grants", { ...at(id), body: grants }));
    return unwrap(api.POST("/api/plugins/{id}/enable", at(id)));
  });

export const approve = (id: string, grants: Grants): Promise<Plugin> =>
  administer(() => unwrap(api.PUT("/api/plugins/{id}/grants", { ...at(id), body: grants })));

export const enable = (id: string): Promise<Plugin> => administer(() => unwrap(api.POST("/api/plugins/{id}/enable", at(id))));

export const disable = (id: string): Promise<Plugin> => administer(() => unwrap(api.POST("/api/plugins/{id}/disable", at(id))));

export const remove = (id: string, data: "keep" | "delete"): Promise<void> =>
  administer(async () => {
    await unwrap(api.DELETE("/api/plugins/{id}", { params: { path: { id }, query: { data } } }));
  });

/** Hears which share of a file has gone, from 0 to 1. */
export type Told = (share: number) => void;

// The file is the body as it is; what the document calls an array of bytes.
const wasm = (file: Blob, told: Told) => ({ body: [], bodySerializer: () => file, headers: { "content-type": "application/wasm" }, fetch: tellingFetch(told) });

export const inspect = (file: Blob, told: Told, signal: AbortSignal): Promise<Plugin> => unwrap(api.POST("/api/plugins/inspect", { ...wasm(file, told), signal }));

export const add = (file: Blob, told: Told): Promise<Plugin> => administer(() => unwrap(api.POST("/api/plugins", wasm(file, told))));

export const upgrade = (id: string, file: Blob, grants: Grants | undefined, told: Told): Promise<Plugin> =>
  administer(() => {
    if (grants === undefined) return unwrap(api.POST("/api/plugins/{id}/upgrade", { ...at(id), ...wasm(file, told) }));
    const form = new FormData();
    form.append("grants", JSON.stringify(grants));
    form.append("file", file);
    // No content type: the browser writes the boundary.
    return unwrap(api.POST("/api/plugins/{id}/upgrade", { ...at(id), ...wasm(file, told), bodySerializer: () => form, headers: { "content-type": null } }));
  });

/** Whether a plugin offers an interface, whatever its version. */
export function offers(plugin: Plugin, name: string): boolean {
  return (plugin.exports ?? []).some((known) => known === name || known.startsWith(`${name}@`));
}
