import { useEffect } from "react";
import { usePage } from "../app/context.tsx";

/** While `unsaved`, the shell asks before the page is left. */
export function useUnsaved(unsaved: boolean): void {
  const { hold } = usePage();
  useEffect(() => (unsaved ? hold() : undefined), [unsaved]);
}
