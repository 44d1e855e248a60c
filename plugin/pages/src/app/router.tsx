import { lazy, useMemo, type AnchorHTMLAttributes, type MouseEvent } from "react";
import { usePage } from "./context.tsx";

const Mailbox = lazy(() => import("../mailbox/index.tsx"));
const Accounts = lazy(() => import("../accounts/index.tsx"));
const Settings = lazy(() => import("../settings/index.tsx"));

/** The addresses that others lead to. */
export const paths = {
  mailbox: "/mail",
  accounts: "/mail/accounts",
  account: (id: string) => `/mail/accounts/${encodeURIComponent(id)}`,
  settings: "/admin/settings/mail",
} as const;

/** Which page the address shows. `rest` are the decoded parts after the page's own path. */
export function Routes() {
  const { location } = usePage();
  const rest = useMemo(() => parts(location.pathname), [location.pathname]);
  if (rest[0] === "admin") return <Settings />;
  // Where linking ends, see the plugin's `oauth-callback`: `/mail?account=…&state=…`.
  const linked = new URLSearchParams(location.search);
  if (rest.length === 1 && linked.has("account") && linked.has("state")) return <Accounts id={linked.get("account") ?? ""} linked />;
  if (rest[1] === "accounts") return <Accounts id={rest[2]} />;
  return <Mailbox rest={rest.slice(1)} />;
}

function parts(pathname: string): string[] {
  return pathname
    .split("/")
    .filter((part) => part !== "")
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    });
}

interface LinkProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  to: string;
  replace?: boolean;
}

/** A link within the host: an ordinary one for the browser, followed without loading anew. */
export function Link({ to, replace = false, onClick, ...rest }: LinkProps) {
  const { navigate } = usePage();
  const followed = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to, { replace });
  };
  return <a {...rest} href={to} onClick={followed} />;
}
