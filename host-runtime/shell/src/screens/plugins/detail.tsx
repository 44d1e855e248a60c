import { useState } from "react";

import type { Plugin } from "../../core/host.ts";
import { useLanguage } from "../../core/i18n.ts";
import { useAction } from "../../core/resource.ts";
import { navigate } from "../../core/router.ts";
import { useTitle } from "../../core/title.ts";
import { Button, LinkButton } from "../../ui/button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Failure, Loaded, Note, Skeleton } from "../../ui/states.tsx";
import { compare } from "./compare.ts";
import { disable, enable, offers, usePlugin } from "./data.ts";
import { GrantsDialog } from "./enable-dialog.tsx";
import { FaultList } from "./faults.tsx";
import { FileDialog } from "./file-dialog.tsx";
import { GrantsView } from "./grants-view.tsx";
import { RemoveDialog } from "./remove-dialog.tsx";
import { interfaceWords, StateTag } from "./words.tsx";

export default function PluginDetail({ id }: { id: string }) {
  const { t } = useLanguage();
  const plugin = usePlugin(id);
  useTitle(plugin.data?.title ?? t("nav.plugins"));
  return (
    <div className="shell-content">
      <a className="shell-back" href="/plugins">
        <Icon name="left" size={18} /> {t("nav.plugins")}
      </a>
      <Loaded from={plugin} skeleton={<Skeleton rows={3} height={140} />}>
        {(data) => <Shown plugin={data} onChanged={plugin.set} />}
      </Loaded>
    </div>
  );
}

function Shown({ plugin, onChanged }: { plugin: Plugin; onChanged: (plugin: Plugin) => void }) {
  const { t } = useLanguage();
  const [dialog, setDialog] = useState<"enable" | "change" | "upgrade" | "remove">();
  const close = () => setDialog(undefined);
  const changed = (next: Plugin) => {
    onChanged(next);
    close();
  };
  const off = useAction(async () => onChanged(await disable(plugin.id)));
  const again = useAction(async () => onChanged(await enable(plugin.id)));
  const problem = off.problem ?? again.problem;
  const approved = plugin.grants !== null && plugin.grants !== undefined;
  const wanted = plugin.proposed_grants;
  return (
    <>
      <div className="shell-head">
        <div>
          <h1>
            {plugin.title} <StateTag state={plugin.state} t={t} />
          </h1>
          <p>{plugin.description}</p>
          <p className="shell-small">
            {t("plugin.version", { version: plugin.version })} · <code>{plugin.id}</code>
          </p>
        </div>
        <div className="shell-actions">
          {plugin.state === "enabled" && offers(plugin, "platform:plugin/settings") && (
            <LinkButton href={`/settings/${encodeURIComponent(plugin.id)}`} icon="settings">
              {t("nav.settings")}
            </LinkButton>
          )}
          {plugin.state === "enabled" ? (
            <Button busy={off.busy} onClick={() => void off.run()}>
              {t("plugin.disable")}
            </Button>
          ) : plugin.state === "broken" && approved ? (
            <Button look="main" icon="again" busy={again.busy} onClick={() => void again.run()}>
              {t("plugin.again")}
            </Button>
          ) : (
            <Button look="main" onClick={() => setDialog("enable")}>
              {t("plugin.enable")}
            </Button>
          )}
        </div>
      </div>
      {problem !== undefined && <Failure problem={problem} />}
      {plugin.state === "broken" && <Note look="bad" title={t("plugin.broken.title")}>{plugin.reason ?? t("plugin.broken.unknown")}</Note>}

      <section className="shell-card">
        <div className="shell-card-head">
          <h2>{t("plugin.grants")}</h2>
          {approved && (
            <Button look="quiet" onClick={() => setDialog("change")}>
              {t("plugin.grants.change")}
            </Button>
          )}
        </div>
        {!approved && <Note title={t("plugin.grants.none")}>{t("plugin.grants.none.text")}</Note>}
        {wanted !== null && wanted !== undefined && (
          <>
            {approved && compare(wanted, plugin.grants).short && <Note look="warn" title={t("plugin.grants.short")} />}
            <GrantsView wanted={wanted} granted={plugin.grants} manifest={plugin.manifest} />
          </>
        )}
      </section>

      <section className="shell-card">
        <h2>{t("plugin.interfaces")}</h2>
        <Interfaces title={t("plugin.imports")} names={plugin.imports ?? []} />
        <Interfaces title={t("plugin.exports")} names={plugin.exports ?? []} />
        {plugin.digest !== null && plugin.digest !== undefined && (
          <p className="shell-small">
            {t("plugin.digest")} <code className="shell-break">{plugin.digest}</code>
          </p>
        )}
      </section>

      <FaultList id={plugin.id} />

      <section className="shell-card">
        <h2>{t("plugin.maintain")}</h2>
        <div className="shell-line">
          <div>
            <strong>{t("plugin.upgrade")}</strong>
            <p className="shell-help">{t("plugin.upgrade.help")}</p>
          </div>
          <Button icon="upload" onClick={() => setDialog("upgrade")}>
            {t("plugin.upgrade.choose")}
          </Button>
        </div>
        <div className="shell-line">
          <div>
            <strong>{t("plugin.remove")}</strong>
            <p className="shell-help">{t("plugin.remove.help")}</p>
          </div>
          <Button look="danger" icon="trash" onClick={() => setDialog("remove")}>
            {t("plugin.remove.do")}
          </Button>
        </div>
      </section>

      {(dialog === "enable" || dialog === "change") && <GrantsDialog plugin={plugin} to={dialog} onClose={close} onDone={changed} />}
      {dialog === "upgrade" && <FileDialog installed={[plugin]} only={plugin} onClose={close} onDone={changed} />}
      {dialog === "remove" && <RemoveDialog plugin={plugin} onClose={close} onDone={() => navigate("/plugins", { replace: true })} />}
    </>
  );
}

/** In words where they are known; the names are there for those who want them. */
function Interfaces({ title, names }: { title: string; names: readonly string[] }) {
  const { t } = useLanguage();
  const said = [...new Set(names.map(interfaceWords).filter((key) => key !== undefined))];
  return (
    <>
      <h3>{title}</h3>
      {said.length > 0 && (
        <ul className="shell-said">
          {said.map((key) => (
            <li key={key}>{t(key)}</li>
          ))}
        </ul>
      )}
      <details className="shell-names">
        <summary>{t("plugin.names", { count: names.length })}</summary>
        <ul>
          {names.map((name) => (
            <li key={name}>
              <code>{name}</code>
            </li>
          ))}
        </ul>
      </details>
    </>
  );
}
