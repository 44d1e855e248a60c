import { useMemo, useState } from "react";

import type { Plugin } from "../../core/host.ts";
import { useLanguage } from "../../core/i18n.ts";
import { useAction } from "../../core/resource.ts";
import { navigate } from "../../core/router.ts";
import { useTitle } from "../../core/title.ts";
import { Button } from "../../ui/button.tsx";
import { SearchField } from "../../ui/field.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Empty, Failure, Loaded, Note, Skeleton } from "../../ui/states.tsx";
import { disable, enable, usePlugins } from "./data.ts";
import { GrantsDialog } from "./enable-dialog.tsx";
import { FileDialog } from "./file-dialog.tsx";
import { StateTag } from "./words.tsx";

const address = (plugin: Plugin) => `/plugins/${encodeURIComponent(plugin.id)}`;

/** Whether a plugin is meant by what was typed: every word is in its name, id or description. */
export function means(plugin: Pick<Plugin, "id" | "title" | "description">, query: string): boolean {
  const text = `${plugin.title} ${plugin.id} ${plugin.description}`.toLocaleLowerCase();
  return query.toLocaleLowerCase().split(/\s+/).every((word) => text.includes(word));
}

export default function PluginList() {
  const { t } = useLanguage();
  const plugins = usePlugins();
  const [query, setQuery] = useState("");
  const [enabling, setEnabling] = useState<Plugin>();
  const [adding, setAdding] = useState<{ file: File | undefined }>();
  const [over, setOver] = useState(false);
  useTitle(t("nav.plugins"));
  const shown = useMemo(() => (plugins.data ?? []).filter((plugin) => means(plugin, query)), [plugins.data, query]);
  const put = (changed: Plugin) => plugins.set((plugins.data ?? []).map((plugin) => (plugin.id === changed.id ? changed : plugin)));
  return (
    <div
      className={over ? "shell-content shell-over" : "shell-content"}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes("Files")) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (event.relatedTarget instanceof Node && event.currentTarget.contains(event.relatedTarget)) return;
        setOver(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        if (adding === undefined) setAdding({ file: event.dataTransfer.files[0] });
      }}
    >
      <div className="shell-head">
        <div>
          <h1>{t("nav.plugins")}</h1>
          <p>{t("plugins.text")}</p>
        </div>
        <Button look="main" icon="upload" onClick={() => setAdding({ file: undefined })}>
          {t("plugins.add")}
        </Button>
      </div>
      <Loaded from={plugins} skeleton={<Skeleton rows={3} height={132} />}>
        {(all) =>
          all.length === 0 ? (
            <Empty icon="plug" title={t("plugins.none")} action={<Button look="main" icon="upload" onClick={() => setAdding({ file: undefined })}>{t("plugins.add")}</Button>}>
              {t("plugins.none.text")}
            </Empty>
          ) : (
            <>
              <SearchField label={t("plugins.search")} value={query} onValue={setQuery} />
              <p className="shell-hidden" role="status">{query === "" ? "" : t("plugins.found", { count: shown.length })}</p>
              {shown.length === 0 ? (
                <Empty icon="search" title={t("plugins.no-match", { query })} action={<Button onClick={() => setQuery("")}>{t("plugins.show-all")}</Button>} />
              ) : (
                <ul className="shell-cards">
                  {shown.map((plugin) => (
                    <li key={plugin.id}>
                      <Card plugin={plugin} onEnable={() => setEnabling(plugin)} onChanged={put} />
                    </li>
                  ))}
                </ul>
              )}
            </>
          )
        }
      </Loaded>
      {enabling !== undefined && (
        <GrantsDialog
          plugin={enabling}
          to="enable"
          onClose={() => setEnabling(undefined)}
          onDone={(changed) => {
            put(changed);
            setEnabling(undefined);
          }}
        />
      )}
      {adding !== undefined && (
        <FileDialog
          file={adding.file}
          installed={plugins.data ?? []}
          onClose={() => setAdding(undefined)}
          onDone={(plugin, what) => {
            setAdding(undefined);
            if (what === "upgraded") {
              put(plugin);
              navigate(address(plugin));
              return;
            }
            plugins.set([...(plugins.data ?? []), plugin]);
            // The next thing anybody wants.
            setEnabling(plugin);
          }}
        />
      )}
    </div>
  );
}

function Card({ plugin, onEnable, onChanged }: { plugin: Plugin; onEnable: () => void; onChanged: (plugin: Plugin) => void }) {
  const { t } = useLanguage();
  const off = useAction(async () => onChanged(await disable(plugin.id)));
  const again = useAction(async () => onChanged(await enable(plugin.id)));
  const problem = off.problem ?? again.problem;
  return (
    <article className="shell-card shell-plugin" aria-labelledby={`plugin-${plugin.id}`}>
      <span className={`shell-plugin-icon shell-plugin-${plugin.state}`}>
        <Icon name="plug" size={24} />
      </span>
      <div className="shell-plugin-text">
        <h2 id={`plugin-${plugin.id}`}>
          <a href={address(plugin)}>{plugin.title}</a> <StateTag state={plugin.state} t={t} />
        </h2>
        <p className="shell-small">
          <span>{t("plugin.version", { version: plugin.version })}</span> · <code>{plugin.id}</code>
        </p>
        <p>{plugin.description}</p>
        {plugin.state === "broken" && <Note look="bad" title={t("plugin.broken.title")}>{plugin.reason ?? t("plugin.broken.unknown")}</Note>}
        {problem !== undefined && <Failure problem={problem} />}
      </div>
      <div className="shell-plugin-acts">
        {plugin.state === "enabled" ? (
          <Button busy={off.busy} onClick={() => void off.run()}>
            {t("plugin.disable")}
          </Button>
        ) : plugin.state === "broken" && plugin.grants !== null && plugin.grants !== undefined ? (
          <Button look="main" icon="again" busy={again.busy} onClick={() => void again.run()}>
            {t("plugin.again")}
          </Button>
        ) : (
          <Button look="main" onClick={onEnable}>
            {t("plugin.enable")}
          </Button>
        )}
        <a className="shell-button shell-button-quiet" href={address(plugin)} aria-label={t("plugin.details.of", { title: plugin.title })}>
          <span>{t("plugin.details")}</span>
        </a>
      </div>
    </article>
  );
}
