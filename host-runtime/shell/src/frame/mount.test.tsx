// @vitest-environment jsdom
import { pathToFileURL } from "node:url";

import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { speak } from "../core/i18n.ts";
import type { Entry } from "../core/pages.ts";
import { navigate, startRouter } from "../core/router.ts";
import { signedIn } from "../core/session.ts";
import { choose } from "../core/theme.ts";
import { PluginPage } from "./mount.tsx";

const module = pathToFileURL("dev/example.js").href;
const entry: Entry = { plugin: "example", module, styles: [], path: "/example", place: "main", title: "Example", icon: undefined, badge: undefined };

class Silent extends EventTarget {
  close(): void {}
}

let root: Root;
let place: HTMLElement;
const page = () => place.querySelector<HTMLElement>(".shell-page");
/** As long as a busy machine takes. */
const appears = (check: () => void) => vi.waitFor(check, { timeout: 20_000 });
const show = (shown: Entry | undefined) => act(async () => root.render(shown === undefined ? null : <PluginPage entry={shown} />));

beforeEach(async () => {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
  vi.stubGlobal("EventSource", Silent);
  window.matchMedia = (query) => Object.assign(new EventTarget(), { matches: false, media: query }) as MediaQueryList;
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  window.history.replaceState(null, "", "/example");
  startRouter();
  signedIn({ id: "u", name: "Ann", email: "ann@example.com", role: "member", locale: "en", via: "session", confirmation_required: true });
  await speak("en");
  choose("light");
  place = document.body.appendChild(document.createElement("div"));
  root = createRoot(place);
});

afterEach(async () => {
  await act(async () => root.unmount());
  place.remove();
  vi.restoreAllMocks();
});

it("mounts a module, tells it of language, theme and address, and takes it down", async () => {
  await show(entry);
  await appears(() => expect(page()?.textContent).toContain("en light /example Ann"));
  expect(document.title).toBe("Example /example · Plugin Host");
  await act(() => speak("ru"));
  await act(async () => choose("dark"));
  await act(async () => navigate("/example/further"));
  expect(page()?.textContent).toContain("ru dark /example/further Ann");
  await show(undefined);
  expect(place.textContent).toBe("");
});

it("follows plain links of the pages without loading the document", async () => {
  await show(entry);
  await appears(() => expect(page()?.querySelector("a")).not.toBeNull());
  await act(async () => page()?.querySelector("a")?.click());
  expect(window.location.pathname).toBe("/example/further");
  expect(page()?.textContent).toContain("/example/further");
});

it("says so when the module does not load", async () => {
  await show({ ...entry, module: module.replace("example", "nothing-there") });
  await appears(() => expect(place.textContent).toContain("could not be loaded"));
});

it("stays when the pages throw", async () => {
  await act(async () => navigate("/example?fail"));
  await show(entry);
  await appears(() => expect(place.textContent).toContain("does not start"));
  expect(page()?.hidden).toBe(true);
});

it("keeps what is open when the plugin is upgraded, and offers the new version", async () => {
  await show(entry);
  await appears(() => expect(page()?.textContent).toContain("Ann"));
  await show({ ...entry, module: `${module}?2` });
  expect(page()?.textContent).toContain("Ann");
  expect(place.textContent).toContain("newer version");
  await act(async () => place.querySelector("button")?.click());
  await appears(() => expect(place.textContent).not.toContain("newer version"));
});
