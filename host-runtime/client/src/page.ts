import type { Api } from "./api.ts";
import type { HostEvents } from "./events.ts";

export type Locale = "en" | "ru" | "zh";
export type Theme = "light" | "dark";

/** Where the browser is, as the shell sees it. */
export interface PageLocation {
  pathname: string;
  search: string;
  hash: string;
}

/** What the shell gives to a plugin's pages. A new one is given to {@link Mounted.update} whenever something in it has changed. */
export interface PageContext {
  api: Api;
  /** One connection for the whole window. */
  events: HostEvents;
  locale: Locale;
  theme: Theme;
  location: PageLocation;
  /** Goes to another address of this host without loading the document anew. Plain links within the host do the same by themselves. */
  navigate(to: string, options?: { replace?: boolean }): void;
  /**
   * There is something on the page that is not saved: until the answer is called, leaving it is asked about, whether by a link, by `navigate`, by
   * the browser's buttons or by closing the window. Another address with the same path is the same page.
   */
  hold(): () => void;
  /** For style elements that the pages make themselves: the Content-Security-Policy takes no others. */
  nonce: string;
  /** Who is signed in. */
  user: { id: string; name: string; email: string; administrator: boolean };
  /** Asks for the password again, which administering needs; false if the person would not. */
  confirm(): Promise<boolean>;
  /** Sets the window's title, before the name of the host. */
  title(text: string): void;
}

export interface Mounted {
  /** Language, theme or address changed. */
  update(context: PageContext): void;
  unmount(): void;
}

/**
 * What the one ES module of a plugin's pages exports as `mount`. The element fills what the window has below the top bar, and does not grow
 * beyond it: the pages scroll by themselves. The shell's colours are there as custom properties (`--shell-accent`, `--shell-surface` …).
 */
export type Mount = (element: HTMLElement, context: PageContext) => Mounted;
