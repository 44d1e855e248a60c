import { useEffect } from "react";

export const PRODUCT = "Plugin Host";

export function setTitle(text: string): void {
  document.title = text === "" ? PRODUCT : `${text} · ${PRODUCT}`;
}

export function useTitle(text: string): void {
  useEffect(() => setTitle(text), [text]);
}
