import { lazy, type ComponentType, type ReactNode } from "react";

import { speakOfManaging } from "../core/i18n.ts";
import { NotForYou } from "../screens/not-found.tsx";

/** A screen whose code and texts come when it is first opened. */
function later<P>(load: () => Promise<{ default: ComponentType<P> }>) {
  return lazy(async () => {
    const [screen] = await Promise.all([load(), speakOfManaging()]);
    return screen;
  });
}

const PluginList = later(() => import("../screens/plugins/list.tsx"));
const PluginDetail = later(() => import("../screens/plugins/detail.tsx"));
const SettingsList = later(() => import("../screens/settings/list.tsx"));
const SettingsForm = later(() => import("../screens/settings/form.tsx"));
const Tokens = later(() => import("../screens/tokens.tsx"));
const Audit = later(() => import("../screens/audit.tsx"));
const OauthFailed = later(() => import("../screens/oauth-failed.tsx"));
const Users = later(() => import("../screens/users.tsx"));

interface Route {
  /** One group at most: what the screen is about. */
  path: RegExp;
  administrator: boolean;
  screen: (id: string) => ReactNode;
}

const ROUTES: readonly Route[] = [
  { path: /^\/plugins\/?$/, administrator: true, screen: () => <PluginList /> },
  { path: /^\/plugins\/([^/]+)\/?$/, administrator: true, screen: (id) => <PluginDetail key={id} id={id} /> },
  { path: /^\/settings\/?$/, administrator: true, screen: () => <SettingsList /> },
  { path: /^\/settings\/([^/]+)\/?$/, administrator: true, screen: (id) => <SettingsForm key={id} id={id} /> },
  { path: /^\/tokens\/?$/, administrator: false, screen: () => <Tokens /> },
  { path: /^\/users\/?$/, administrator: true, screen: () => <Users /> },
  { path: /^\/oauth\/failed\/?$/, administrator: false, screen: () => <OauthFailed /> },
  { path: /^\/audit\/?$/, administrator: true, screen: () => <Audit /> },
];

/** The shell's own screen at an address, if it has one there. The host decides what anybody may do; this only spares a dead end. */
export function ownScreen(pathname: string, administrator: boolean): ReactNode | undefined {
  for (const route of ROUTES) {
    const match = route.path.exec(pathname);
    if (match === null) continue;
    return route.administrator && !administrator ? <NotForYou /> : route.screen(decoded(match[1] ?? ""));
  }
  return undefined;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
