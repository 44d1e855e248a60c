import type { Locale } from "@plugin-host/client";
import { lazy, Suspense, useEffect, useMemo, useRef, useState, type MouseEvent, type ReactNode } from "react";

import { useLanguage } from "../core/i18n.ts";
import { asking } from "../core/confirm.ts";
import { Entries } from "../core/entries.ts";
import { entriesOf, entryAt, readPages, type Entry } from "../core/pages.ts";
import { useResource } from "../core/resource.ts";
import { covers, leaving, useLocation } from "../core/router.ts";
import type { Me } from "../core/session.ts";
import { useStore } from "../core/store.ts";
import { PRODUCT } from "../core/title.ts";
import { Gone, NotFound } from "../screens/not-found.tsx";
import { IconButton } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { Failure, Skeleton } from "../ui/states.tsx";
import { Boundary } from "./boundary.tsx";
import { Connection } from "./connection.tsx";
import { Drawer } from "./drawer.tsx";
import { MainNav, MANAGED, SideNav } from "./nav.tsx";
import { PluginPage } from "./mount.tsx";
import { Profile } from "./profile.tsx";
import { ownScreen } from "./screens.tsx";

const Home = lazy(async () => ({ default: (await import("../screens/home.tsx")).Home }));
const ConfirmDialog = lazy(async () => ({ default: (await import("./password.tsx")).ConfirmDialog }));
const loadLeave = () => import("./leave.tsx");
const LeaveDialog = lazy(async () => ({ default: (await loadLeave()).LeaveDialog }));

/** What is around every screen of a signed-in person. */
export function Frame({ locale, me }: { locale: Locale; me: Me }) {
  const { t } = useLanguage();
  const { pathname } = useLocation();
  const administrator = me.role === "administrator";
  const pages = useResource("pages", readPages, ["plugins.changed"]);
  // A change of language changes the titles, and must not take down what is open.
  const entries = useMemo(() => entriesOf(pages.data, locale, administrator), [pages.data, locale, administrator]);
  const [drawer, setDrawer] = useState(false);
  const main = useRef<HTMLElement>(null);
  const asked = useStore(asking);
  const leave = useStore(leaving);

  // What was here while this window is open was switched off, and is no wrong address.
  const seen = useRef<readonly Entry[]>([]);
  useEffect(() => {
    seen.current = [...seen.current.filter((old) => entries.every((entry) => entry.path !== old.path)), ...entries];
  }, [entries]);

  const entry = entryAt(entries, pathname);
  const managed = entry?.place === "settings" || entry?.place === "account" || (administrator && pathname === "/") || MANAGED.some((base) => covers(base, pathname));
  const own = ownScreen(pathname, administrator);

  useEffect(() => setDrawer(false), [pathname]);
  // At hand also when the host is not.
  useEffect(() => void loadLeave().catch(() => undefined), []);

  // A new screen begins at its top, and is where the keyboard and the screen reader are. Within a plugin's pages that is the plugin's business.
  const first = useRef(true);
  const inPages = entry !== undefined && own === undefined;
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    if (inPages) return;
    main.current?.scrollTo(0, 0);
    if (document.querySelector("dialog[open]") === null) main.current?.focus({ preventScroll: true });
  }, [pathname, inPages]);

  const skip = (event: MouseEvent) => {
    event.preventDefault();
    main.current?.focus();
  };
  const failed = pages.data === undefined && pages.problem !== undefined ? <Failure problem={pages.problem} retry={pages.reload} /> : undefined;
  const loading = pages.data === undefined && failed === undefined;

  return (
    <Entries value={entries}>
      <div className="shell-frame">
        <a className="shell-skip" href="#shell-main" onClick={skip}>
          {t("nav.skip")}
        </a>
        <header className={managed ? "shell-top shell-top-managed" : "shell-top"}>
          <IconButton className="shell-burger" icon="menu" name={t("nav.open")} aria-expanded={drawer} onClick={() => setDrawer(true)} />
          <a className="shell-brand" href="/">
            <Icon name="plug" size={22} />
            <span>{PRODUCT}</span>
          </a>
          <MainNav entries={entries} />
          <span className="shell-space" />
          {administrator && (
            <a className="shell-icon-button shell-top-manage" href="/plugins" aria-label={t("nav.manage")} title={t("nav.manage")} aria-current={managed ? "true" : undefined}>
              <Icon name="settings" />
            </a>
          )}
          <Profile />
        </header>
        <Connection />
        <div className="shell-middle">
          {managed && (
            <aside className="shell-side">
              <SideNav entries={entries} everything={pathname === "/"} />
            </aside>
          )}
          <main id="shell-main" ref={main} tabIndex={-1}>
            <Boundary key={own === undefined ? (entry?.plugin ?? pathname) : pathname}>
              <Suspense fallback={<div className="shell-content"><Skeleton rows={4} /></div>}>
                {own ?? <Place seen={seen.current} entry={entry} loading={loading} problem={failed} />}
              </Suspense>
            </Boundary>
          </main>
        </div>
        {drawer && (
          <Drawer onClose={() => setDrawer(false)}>
            <SideNav entries={entries} everything />
          </Drawer>
        )}
        {asked !== undefined && (
          <Suspense>
            <ConfirmDialog />
          </Suspense>
        )}
        {leave !== undefined && (
          <Suspense>
            <LeaveDialog answer={leave} />
          </Suspense>
        )}
      </div>
    </Entries>
  );
}

/** What is not the shell's own: home, a plugin's pages, or nothing. */
function Place({ seen, entry, loading, problem }: { seen: readonly Entry[]; entry: Entry | undefined; loading: boolean; problem: ReactNode }) {
  const { pathname } = useLocation();
  if (problem !== undefined || loading) return <div className="shell-content">{problem ?? <Skeleton rows={4} />}</div>;
  if (pathname === "/") return <Home />;
  if (entry !== undefined) return <PluginPage key={entry.plugin} entry={entry} />;
  const gone = entryAt(seen, pathname);
  return gone === undefined ? <NotFound /> : <Gone title={gone.title} />;
}
