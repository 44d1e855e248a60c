import type { ReactNode } from "react";

import { useBadge } from "../core/badge.ts";
import { useFormat, useLanguage } from "../core/i18n.ts";
import type { Entry } from "../core/pages.ts";
import { covers, useLocation } from "../core/router.ts";
import { useMe } from "../core/session.ts";
import { EntryIcon, Icon, type IconName } from "../ui/icon.tsx";

/** Above this a number says no more than "many". */
const MANY = 999;

/** The addresses that have the side navigation beside them. */
export const MANAGED = ["/plugins", "/settings", "/tokens", "/users", "/audit"] as const;

function BadgeCount({ entry }: { entry: Entry }) {
  const count = useBadge(entry.badge);
  const { t } = useLanguage();
  const { number } = useFormat();
  if (count === undefined) return null;
  return (
    <>
      <span className="shell-badge" aria-hidden="true">
        {count > MANY ? `${number(MANY)}+` : number(count)}
      </span>
      <span className="shell-hidden">, {t("nav.badge", { count })}</span>
    </>
  );
}

/** The pages that plugins bring, in the top bar. */
export function MainNav({ entries }: { entries: readonly Entry[] }) {
  const { t } = useLanguage();
  const { pathname } = useLocation();
  const main = entries.filter((entry) => entry.place === "main");
  if (main.length === 0) return null;
  return (
    <nav className="shell-main-nav" aria-label={t("nav.main")}>
      {main.map((entry) => (
        <a key={entry.path} href={entry.path} aria-current={covers(entry.path, pathname) ? "page" : undefined}>
          <EntryIcon path={entry.icon} />
          <span className="shell-main-nav-label">{entry.title}</span>
          <BadgeCount entry={entry} />
        </a>
      ))}
    </nav>
  );
}

interface Item {
  path: string;
  title: string;
  icon: IconName;
}

function Line({ path, title, children, exact = false }: { path: string; title: string; children: ReactNode; exact?: boolean }) {
  const { pathname } = useLocation();
  const here = exact ? pathname === path : covers(path, pathname);
  return (
    <li>
      <a href={path} aria-current={here ? "page" : undefined}>
        {children}
        <span>{title}</span>
      </a>
    </li>
  );
}

/** Everywhere one can go. Beside the screens of administration, and in the drawer of a small screen. */
export function SideNav({ entries, everything }: { entries: readonly Entry[]; everything: boolean }) {
  const { t } = useLanguage();
  const me = useMe();
  const administrator = me.role === "administrator";
  const main = entries.filter((entry) => entry.place === "main");
  const settings = entries.filter((entry) => entry.place === "settings");
  const own = entries.filter((entry) => entry.place === "account");
  const manage: Item[] = administrator
    ? [
        { path: "/plugins", title: t("nav.plugins"), icon: "plug" },
        { path: "/settings", title: t("nav.settings"), icon: "settings" },
      ]
    : [];
  const people: Item[] = administrator
    ? [
        { path: "/users", title: t("nav.users"), icon: "users" },
        { path: "/audit", title: t("nav.audit"), icon: "log" },
      ]
    : [];
  const line = (item: Item) => (
    <Line key={item.path} path={item.path} title={item.title}>
      <Icon name={item.icon} />
    </Line>
  );
  return (
    <nav className="shell-side-nav" aria-label={t("nav.side")}>
      {everything && (
        <ul>
          <Line path="/" title={t("nav.home")} exact>
            <Icon name="home" />
          </Line>
          {main.map((entry) => (
            <li key={entry.path}>
              <EntryLine entry={entry} />
            </li>
          ))}
        </ul>
      )}
      {administrator && <h2>{t("nav.manage")}</h2>}
      <ul>
        {manage.map(line)}
        {settings.map((entry) => (
          <li key={entry.path} className="shell-side-sub">
            <EntryLine entry={entry} />
          </li>
        ))}
        {people.map(line)}
      </ul>
      <h2>{t("nav.own")}</h2>
      <ul>
        {own.map((entry) => (
          <li key={entry.path}>
            <EntryLine entry={entry} />
          </li>
        ))}
        {line({ path: "/tokens", title: t("nav.tokens"), icon: "key" })}
      </ul>
    </nav>
  );
}

function EntryLine({ entry }: { entry: Entry }) {
  const { pathname } = useLocation();
  return (
    <a href={entry.path} aria-current={covers(entry.path, pathname) ? "page" : undefined}>
      <EntryIcon path={entry.icon} />
      <span>{entry.title}</span>
      <BadgeCount entry={entry} />
    </a>
  );
}
