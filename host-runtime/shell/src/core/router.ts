import type { PageLocation } from "@plugin-host/client";

import { createStore, useStore } from "./store.ts";

/** Addresses that the host answers itself, with something else than the shell. */
const FOREIGN = /^\/(api|pages|hooks|shell|healthz|readyz|metrics)(\/|$)/;

const read = (): PageLocation => {
  const { pathname, search, hash } = window.location;
  return { pathname, search, hash };
};

export const location = createStore<PageLocation>({ pathname: "/", search: "", hash: "" });

export function useLocation(): PageLocation {
  return useStore(location);
}

/** Somebody leaves what is not saved, and has not said yet whether they want to. */
export const leaving = createStore<((leave: boolean) => void) | undefined>(undefined);

const held = new Set<object>();

/** Until the answer is called, leaving the page is asked about, by whatever way: a link, the browser's buttons, closing the window. */
export function hold(): () => void {
  const mine = {};
  const watch = () => {
    window.onbeforeunload = held.size === 0 ? null : (event) => event.preventDefault();
  };
  held.add(mine);
  watch();
  return () => {
    held.delete(mine);
    watch();
  };
}

/** Does it at once, or once the person agrees to lose what is not saved. */
export function leave(go: () => void): void {
  if (held.size === 0) return go();
  leaving.set((agreed) => {
    leaving.set(undefined);
    if (!agreed) return;
    held.clear();
    window.onbeforeunload = null;
    go();
  });
}

/** Goes to an address of this host without loading the document anew; to any other as a link would. */
export function navigate(to: string, options: { replace?: boolean } = {}): void {
  const url = new URL(to, window.location.href);
  if (!mine(url)) {
    if (url.protocol === "https:" || url.protocol === "http:") window.location.assign(url);
    return;
  }
  const go = () => {
    const same = url.href === window.location.href;
    if (options.replace === true || same) window.history.replaceState(null, "", url);
    else window.history.pushState(null, "", url);
    location.set(read());
  };
  if (url.pathname === window.location.pathname) go();
  else leave(go);
}

/** The browser has gone there already: back to the page that is held, until the person agrees. */
function moved(): void {
  const { pathname, search, hash } = location.get();
  if (held.size > 0 && window.location.pathname !== pathname) {
    window.history.pushState(null, "", pathname + search + hash);
    leave(() => window.history.back());
  } else {
    location.set(read());
  }
}

/** Follows the browser's buttons, and takes plain links within the host. */
export function startRouter(): void {
  location.set(read());
  window.addEventListener("popstate", moved);
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
    if (!(link instanceof HTMLAnchorElement) || link.hasAttribute("download") || !["", "_self"].includes(link.target)) return;
    const url = new URL(link.href);
    if (!mine(url)) return;
    // To a place on the same page: the browser scrolls there.
    if (url.hash !== "" && url.pathname === window.location.pathname && url.search === window.location.search) return;
    event.preventDefault();
    navigate(url.href);
  });
}

/** Whether the shell shows something at this address. */
export function mine(url: URL, origin = window.location.origin): boolean {
  return url.origin === origin && !FOREIGN.test(url.pathname);
}

/** Whether `path` is `base` or below it. */
export function covers(base: string, path: string): boolean {
  const root = base.replace(/\/+$/, "");
  return path === root || path.startsWith(`${root}/`);
}

/** Where to go after signing in, as an address asks for it: only within this host, so that no link leads people elsewhere. */
export function wanted(search: string, origin = window.location.origin): string {
  const next = new URLSearchParams(search).get("next");
  if (next === null || !next.startsWith("/")) return "/";
  let url: URL;
  try {
    url = new URL(next, origin);
  } catch {
    return "/";
  }
  return mine(url, origin) && url.pathname !== "/sign-in" ? url.pathname + url.search + url.hash : "/";
}
