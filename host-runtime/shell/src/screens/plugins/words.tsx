import type { Plugin } from "../../core/host.ts";
import type { T } from "../../core/i18n.ts";
import type { Key } from "../../core/i18n.ts";
import { Tag } from "../../ui/states.tsx";

const STATES: Record<Plugin["state"], { key: Key; look: "good" | "plain" | "bad" }> = {
  enabled: { key: "plugin.enabled", look: "good" },
  disabled: { key: "plugin.disabled", look: "plain" },
  broken: { key: "plugin.broken", look: "bad" },
};

export function StateTag({ state, t }: { state: Plugin["state"]; t: T }) {
  const { key, look } = STATES[state];
  return <Tag look={look}>{t(key)}</Tag>;
}

/** What an interface means for whoever decides about a plugin. One that is not known here is shown by its name. */
const INTERFACES: Record<string, Key> = {
  "platform:host/storage": "interface.storage",
  "platform:host/blobs": "interface.blobs",
  "platform:host/secrets": "interface.secrets",
  "platform:host/locks": "interface.locks",
  "platform:host/routing": "interface.routing",
  "platform:host/jobs": "interface.jobs",
  "platform:host/users": "interface.users",
  "platform:host/log": "interface.log",
  "wasi:http/outgoing-handler": "interface.http",
  "platform:plugin/lifecycle": "interface.lifecycle",
  "platform:plugin/settings": "interface.settings",
  "platform:plugin/oauth-callback": "interface.oauth",
  "platform:plugin/webhook": "interface.webhook",
  "platform:plugin/job-handler": "interface.job-handler",
};

export function interfaceWords(name: string): Key | undefined {
  const bare = name.split("@")[0] ?? name;
  return INTERFACES[bare] ?? (bare.startsWith("platform:mail/") ? "interface.mail" : undefined);
}
