import type { components, Problem } from "@plugin-host/client";

import { createStore, useStore } from "./store.ts";

export type Me = components["schemas"]["Me"];

/** Who uses this window. `why`: what the sign-in page says first. */
export type Session =
  | { is: "unknown" }
  | { is: "unreachable"; problem: Problem }
  | { is: "out"; why: "none" | "ended" | "left" }
  | { is: "in"; me: Me };

export const session = createStore<Session>({ is: "unknown" });

export function useSession(): Session {
  return useStore(session);
}

export function signedIn(me: Me): void {
  session.set({ is: "in", me });
}

export function signedOut(why: "none" | "ended" | "left"): void {
  session.set({ is: "out", why });
}

/** The signed-in person; only within screens that are shown to one. */
export function useMe(): Me {
  const current = useSession();
  if (current.is !== "in") throw new Error("nobody is signed in");
  return current.me;
}
