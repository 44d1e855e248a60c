import { createContext, useContext } from "react";

import type { Entry } from "./pages.ts";

/** The menu entries of plugins, for screens that lead to them. */
export const Entries = createContext<readonly Entry[]>([]);

export const useEntries = (): readonly Entry[] => useContext(Entries);
