import { useSyncExternalStore } from "react";

const query = "(prefers-reduced-motion: reduce)";

/** Whether the person asked for less movement. */
export function useReducedMotion(): boolean {
  return useMedia(query);
}

/** Whether a media query holds now. */
export function useMedia(text: string): boolean {
  return useSyncExternalStore(
    (changed) => {
      const list = window.matchMedia(text);
      list.addEventListener("change", changed);
      return () => list.removeEventListener("change", changed);
    },
    () => window.matchMedia(text).matches,
  );
}

/** A window as narrow as a phone. */
export function usePhone(): boolean {
  return useMedia("(max-width: 639px)");
}
