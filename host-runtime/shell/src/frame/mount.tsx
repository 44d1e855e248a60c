import type { Mount, Mounted, PageContext } from "@plugin-host/client";
import { useEffect, useRef, useState } from "react";

import { confirm } from "../core/confirm.ts";
import { api, events } from "../core/host.ts";
import { useLanguage } from "../core/i18n.ts";
import type { Entry } from "../core/pages.ts";
import { hold, navigate, useLocation } from "../core/router.ts";
import { useMe } from "../core/session.ts";
import { useTheme } from "../core/theme.ts";
import { setTitle } from "../core/title.ts";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { Empty, Skeleton } from "../ui/states.tsx";

/** Longer than a slow line needs for a style sheet; the page is better shown plain than not at all. */
const STYLE_PATIENCE = 5_000;

const nonce = (): string => document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";

/** A plugin's pages, from its module. They can fail as they like: the shell stays. */
export function PluginPage({ entry }: { entry: Entry }) {
  const { t, locale } = useLanguage();
  const theme = useTheme();
  const location = useLocation();
  const me = useMe();
  const element = useRef<HTMLDivElement>(null);
  const mounted = useRef<Mounted | undefined>(undefined);
  const [state, setState] = useState<"loading" | "shown" | "not-loaded" | "failed">("loading");
  // An upgrade while the pages are open must not take what somebody is just writing.
  const [module, setModule] = useState(entry.module);

  const context: PageContext = {
    api, events: events(), locale, theme, location, navigate, hold, confirm, nonce: nonce(), title: setTitle,
    user: { id: me.id, name: me.name, email: me.email, administrator: me.role === "administrator" },
  };
  const latest = useRef(context);
  latest.current = context;

  useEffect(() => {
    let gone = false;
    setState("loading");
    setTitle(entry.title);
    const place = element.current;
    const links = entry.styles.map(addStyle);
    const start = async () => {
      const [{ mount }] = await Promise.all([import(/* @vite-ignore */ module) as Promise<{ mount?: Mount }>, ...links.map((link) => link.ready)]);
      if (gone || place === null) return;
      try {
        if (typeof mount !== "function") throw new Error(`${module} exports no mount`);
        // Shown before it is filled: what measures itself would find nothing otherwise.
        place.hidden = false;
        mounted.current = mount(place, latest.current);
        setState("shown");
      } catch (reason) {
        console.error(reason);
        place.replaceChildren();
        place.hidden = true;
        setState("failed");
      }
    };
    start().catch((reason: unknown) => {
      console.error(reason);
      if (!gone) setState("not-loaded");
    });
    return () => {
      gone = true;
      attempt(() => mounted.current?.unmount());
      mounted.current = undefined;
      place?.replaceChildren();
      links.forEach((link) => link.remove());
    };
  }, [module]);

  useEffect(() => {
    attempt(() => mounted.current?.update(latest.current));
  }, [locale, theme, location, me]);

  const broken = state === "not-loaded" || state === "failed";
  return (
    <>
      {entry.module !== module && (
        <div className="shell-banner" role="status">
          <Icon name="info" size={18} />
          <span>{t("page.newer")}</span>
          <Button look="quiet" onClick={() => setModule(entry.module)}>
            {t("page.newer.load")}
          </Button>
        </div>
      )}
      {state === "loading" && (
        <div className="shell-content">
          <Skeleton rows={4} height={56} />
        </div>
      )}
      {broken && (
        <Empty
          whole
          icon="alert"
          title={t(state === "failed" ? "page.failed" : "page.not-loaded", { title: entry.title })}
          // A module that was not loaded once stays so until the document is loaded anew.
          action={<Button look="main" icon="again" onClick={() => window.location.reload()}>{t("page.reload")}</Button>}
        >
          {t(state === "failed" ? "page.failed.text" : "page.not-loaded.text")}
        </Empty>
      )}
      <div ref={element} className="shell-page" hidden={state !== "shown"} />
    </>
  );
}

function attempt(call: () => void): void {
  try {
    call();
  } catch (reason) {
    console.error(reason);
  }
}

function addStyle(href: string): { ready: Promise<void>; remove: () => void } {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = href;
  const ready = new Promise<void>((resolve) => {
    link.onload = link.onerror = () => resolve();
    window.setTimeout(resolve, STYLE_PATIENCE);
  });
  document.head.append(link);
  return { ready, remove: () => link.remove() };
}
