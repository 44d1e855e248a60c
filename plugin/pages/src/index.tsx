/** What the shell loads: the plugin's pages, mounted into an element of the shell's. */
import type { Mount, PageContext } from "@plugin-host/client";
import { createRoot } from "react-dom/client";
import { App } from "./app/App.tsx";
import { PagesRuntime } from "./app/runtime.ts";
import "./index.css";

export const mount: Mount = (element, context) => {
  const runtime = new PagesRuntime(context);
  const root = createRoot(element);
  const show = (next: PageContext) => root.render(<App context={snapshot(next)} runtime={runtime} />);
  show(context);
  return {
    update: show,
    unmount() {
      root.unmount();
      runtime.close();
    },
  };
};

/** The shell changes its object in place; React compares by identity. */
function snapshot(context: PageContext): PageContext {
  const { api, events, locale, theme, location, nonce, user } = context;
  return {
    api,
    events,
    locale,
    theme,
    location: { ...location },
    nonce,
    user,
    navigate: (to, options) => context.navigate(to, options),
    hold: () => context.hold(),
    confirm: () => context.confirm(),
    title: (text) => context.title(text),
  };
}
