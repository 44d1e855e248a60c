import type { Theme } from "@plugin-host/client";
import { useSyncExternalStore } from "react";

import { recall, remember } from "./memory.ts";
import { createStore, useStore } from "./store.ts";

export type ThemeChoice = Theme | "system";
export const THEME_CHOICES: readonly ThemeChoice[] = ["system", "light", "dark"];

const choice = createStore<ThemeChoice>("system");
const dark = () => window.matchMedia("(prefers-color-scheme: dark)");

export function startTheme(): void {
  const remembered = recall("theme");
  choose(THEME_CHOICES.find((known) => known === remembered) ?? "system");
  // Chosen in another window.
  window.addEventListener("storage", (event) => {
    if (event.key === "plugin-host.theme") choose(THEME_CHOICES.find((known) => known === event.newValue) ?? "system");
  });
}

export function choose(next: ThemeChoice): void {
  choice.set(next);
  if (recall("theme") !== next) remember("theme", next);
  if (next === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = next;
}

export function useThemeChoice(): ThemeChoice {
  return useStore(choice);
}

/** What is seen, whoever chose it. */
export function useTheme(): Theme {
  const chosen = useThemeChoice();
  const system = useSyncExternalStore(
    (listener) => {
      const query = dark();
      query.addEventListener("change", listener);
      return () => query.removeEventListener("change", listener);
    },
    () => dark().matches,
  );
  return chosen === "system" ? (system ? "dark" : "light") : chosen;
}
