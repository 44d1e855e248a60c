import { unwrap } from "@plugin-host/client";
import { useState } from "react";

import { api, type Schemas } from "../core/host.ts";
import { useFormat, useLanguage, type Key } from "../core/i18n.ts";
import { useAction, useResource } from "../core/resource.ts";
import { useTitle } from "../core/title.ts";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { Empty, Failure, Loaded, Skeleton } from "../ui/states.tsx";

type Line = Schemas["AuditLine"];
type Page = Schemas["AuditPage"];

/** What is known to be noted. Anything else is shown by its own name. */
const ACTIONS: Record<string, Key> = {
  "plugin.add": "audit.plugin.add",
  "plugin.approve": "audit.plugin.approve",
  "plugin.enable": "audit.plugin.enable",
  "plugin.disable": "audit.plugin.disable",
  "plugin.upgrade": "audit.plugin.upgrade",
  "plugin.remove": "audit.plugin.remove",
  "settings.save": "audit.settings.save",
  "user.add": "audit.user.add",
  "user.change": "audit.user.change",
  "user.remove": "audit.user.remove",
  "token.make": "audit.token.make",
  "token.revoke": "audit.token.revoke",
};

const read = (cursor: string | undefined, signal?: AbortSignal): Promise<Page> =>
  unwrap(api.GET("/api/audit", { params: { query: { limit: 50, ...(cursor === undefined ? {} : { cursor }) } }, ...(signal === undefined ? {} : { signal }) }));

/** Who changed what. */
export default function Audit() {
  const { t } = useLanguage();
  const first = useResource("audit", (signal) => read(undefined, signal), ["plugins.changed"]);
  useTitle(t("nav.audit"));
  return (
    <div className="shell-content">
      <div className="shell-head">
        <div>
          <h1>{t("nav.audit")}</h1>
          <p>{t("audit.text")}</p>
        </div>
        <Button icon="again" onClick={first.reload}>
          {t("reload")}
        </Button>
      </div>
      <Loaded from={first} skeleton={<Skeleton rows={6} height={60} />}>
        {(page) => (page.items.length === 0 ? <Empty icon="log" title={t("audit.none")} /> : <Lines key={page.items[0]?.id} first={page} />)}
      </Loaded>
    </div>
  );
}

function Lines({ first }: { first: Page }) {
  const { t } = useLanguage();
  const [further, setFurther] = useState<Page[]>([]);
  const pages = [first, ...further];
  const next = pages.at(-1)?.next ?? undefined;
  const more = useAction(async () => {
    const page = await read(next);
    setFurther((before) => [...before, page]);
  });
  return (
    <>
      <ul className="shell-rows">
        {pages.flatMap(({ items }) => items).map((line) => (
          <AuditRow key={line.id} line={line} />
        ))}
      </ul>
      {more.problem !== undefined && <Failure problem={more.problem} />}
      {next !== undefined && (
        <div className="shell-actions shell-middle-actions">
          <Button busy={more.busy} onClick={() => void more.run()}>
            {t("audit.more")}
          </Button>
        </div>
      )}
    </>
  );
}

function AuditRow({ line }: { line: Line }) {
  const { t } = useLanguage();
  const { moment, ago } = useFormat();
  const action = ACTIONS[line.action];
  const actor = line.actor_name ?? (line.actor === null || line.actor === undefined ? t("audit.host") : t("audit.somebody-gone"));
  const details = JSON.stringify(line.details, null, 2);
  return (
    <li className="shell-audit">
      <details>
        <summary>
          <span className="shell-row-text">
            <strong>{action === undefined ? line.action : t(action)}</strong> <span>{line.subject_name ?? line.subject}</span>
            <span className="shell-small"> · {actor}</span>
          </span>
          <time className="shell-small" dateTime={new Date(line.at).toISOString()} title={moment(line.at)}>
            {ago(line.at)}
          </time>
          <Icon name="down" size={16} />
        </summary>
        <p className="shell-small">
          {moment(line.at)} · <code>{line.action}</code> · <code>{line.subject}</code>
        </p>
        {details !== "{}" && details !== "null" && <pre>{details}</pre>}
      </details>
    </li>
  );
}
