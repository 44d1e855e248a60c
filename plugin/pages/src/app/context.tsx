import type { PageContext } from "@plugin-host/client";
import { createContext, useContext, useEffect } from "react";

const Context = createContext<PageContext | undefined>(undefined);

export const PageContextProvider = Context.Provider;

/** What the shell gave. */
export function usePage(): PageContext {
  const page = useContext(Context);
  if (page === undefined) throw new Error("outside of the pages");
  return page;
}

/** The window's title while this is shown. */
export function useTitle(text: string): void {
  const { title } = usePage();
  useEffect(() => {
    if (text !== "") title(text);
    // `title` is a new function with each change of the context, and the same one.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [text]);
}
