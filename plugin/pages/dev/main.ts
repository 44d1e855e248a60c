/**
 * Stands in for the shell while developing: a top bar with a switch for language and theme, sign-in by a prompt, and the address bar.
 * `HOST=http://127.0.0.1:8080 npm run dev` proxies the API to a running host.
 */
import { HostEvents, createApi, type Locale, type Mounted, type PageContext, type Theme } from "@plugin-host/client";
import { mount } from "../src/index.tsx";
import "./harness.css";

interface Me {
  id: string;
  name: string;
  email: string;
  role: string;
}

const stored = <T extends string>(key: string, otherwise: T): T => (localStorage.getItem(key) as T | null) ?? otherwise;
let locale = stored<Locale>("locale", "en");
let theme = stored<Theme>("theme", "light");

async function me(): Promise<Me> {
  for (;;) {
    const answer = await fetch("/api/me");
    if (answer.ok) {
      const body = (await answer.json()) as Me & { user?: Me };
      return body.user ?? body;
    }
    await post("/api/session", { email: window.prompt("E-mail") ?? "", password: window.prompt("Password") ?? "" });
  }
}

function post(address: string, body: unknown): Promise<Response> {
  return fetch(address, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

function select<T extends string>(values: readonly T[], value: T, chosen: (value: T) => void): HTMLSelectElement {
  const element = document.createElement("select");
  for (const each of values) element.add(new Option(each, each, false, each === value));
  element.onchange = () => chosen(element.value as T);
  return element;
}

async function start(root: HTMLElement): Promise<void> {
  const user = await me();
  const api = createApi(() => locale);
  const events = new HostEvents();
  let mounted: Mounted | undefined;
  const bar = document.createElement("header");
  const main = document.createElement("main");
  root.replaceChildren(bar, main);

  const here = () => ({ pathname: location.pathname, search: location.search, hash: location.hash });
  const context: PageContext = {
    api,
    events,
    locale,
    theme,
    location: here(),
    navigate(to, options) {
      history[options?.replace ? "replaceState" : "pushState"](null, "", to);
      changed();
    },
    // The harness loses what is not saved.
    hold: () => () => undefined,
    nonce: "",
    user: { id: user.id, name: user.name, email: user.email, administrator: user.role === "administrator" },
    async confirm() {
      const password = window.prompt("Password");
      return password !== null && (await post("/api/session/confirm", { password })).ok;
    },
    title(text) {
      document.title = `${text} · harness`;
    },
  };
  function changed(): void {
    Object.assign(context, { locale, theme, location: here() });
    document.documentElement.lang = locale;
    document.documentElement.dataset["theme"] = theme;
    localStorage.setItem("locale", locale);
    localStorage.setItem("theme", theme);
    mounted?.update(context);
  }
  for (const to of ["/mail", "/mail/accounts", "/admin/settings/mail"]) {
    const link = document.createElement("a");
    link.href = to;
    link.textContent = to;
    link.onclick = (event) => {
      event.preventDefault();
      context.navigate(to);
    };
    bar.append(link);
  }
  bar.append(
    select(["en", "ru", "zh"] as const, locale, (value) => ((locale = value), changed())),
    select(["light", "dark"] as const, theme, (value) => ((theme = value), changed())),
  );
  window.addEventListener("popstate", changed);
  if (location.pathname === "/") history.replaceState(null, "", "/mail");
  changed();
  mounted = mount(main, context);
}

const root = document.getElementById("harness");
if (root) void start(root);
