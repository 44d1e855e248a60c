import { useEffect, useRef, useState } from "react";

import type { Grants, Plugin } from "../../core/host.ts";
import { useFormat, useLanguage } from "../../core/i18n.ts";
import { useAction } from "../../core/resource.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { DialogFoot } from "../../ui/dialog-foot.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Failure, Note, Skeleton } from "../../ui/states.tsx";
import { compare, merged } from "./compare.ts";
import { add, inspect, upgrade } from "./data.ts";
import { GrantsForm } from "./grants-form.tsx";
import { GrantsView } from "./grants-view.tsx";

interface Props {
  /** Dropped on the page already. */
  file?: File | undefined;
  installed: readonly Plugin[];
  /** Only another version of this one will do. */
  only?: Plugin;
  onClose: () => void;
  onDone: (plugin: Plugin, what: "added" | "upgraded") => void;
}

/** A component file: chosen, looked into, and only then added or put in the place of an older version. */
export function FileDialog({ file: dropped, installed, only, onClose, onDone }: Props) {
  const { t } = useLanguage();
  const { bytes } = useFormat();
  const [file, setFile] = useState<File | undefined>(dropped);
  const [found, setFound] = useState<Plugin>();
  const [grants, setGrants] = useState<Grants>();
  const [over, setOver] = useState(false);
  /** How much of the file has gone to the host. */
  const [gone, setGone] = useState(1);
  const chooser = useRef<HTMLInputElement>(null);

  const old = found === undefined ? undefined : installed.find((plugin) => plugin.id === found.id);
  const another = only !== undefined && found !== undefined && found.id !== only.id;
  const wanted = found?.proposed_grants ?? undefined;
  // One that was never approved is approved when it is switched on.
  const asksMore = old?.grants !== null && old?.grants !== undefined && wanted !== undefined && compare(wanted, old.grants).short;

  const look = useAction(async (chosen: File) => {
    setFound(undefined);
    const plugin = await inspect(chosen, setGone, new AbortController().signal);
    setFound(plugin);
    const before = installed.find(({ id }) => id === plugin.id);
    setGrants(plugin.proposed_grants === null || plugin.proposed_grants === undefined ? undefined : merged(plugin.proposed_grants, before?.grants));
  });
  const take = useAction(async () => {
    if (file === undefined || found === undefined || another) return;
    if (old === undefined) onDone(await add(file, setGone), "added");
    else onDone(await upgrade(found.id, file, asksMore ? grants : undefined, setGone), "upgraded");
  });
  const choose = (chosen: File | undefined) => {
    if (chosen === undefined) return;
    setFile(chosen);
    take.clear();
    void look.run(chosen);
  };
  useEffect(() => {
    if (dropped !== undefined) choose(dropped);
    // The one that came with the dialog.
  }, []);

  const ready = found !== undefined && !another;
  const title = only !== undefined ? t("upgrade.title", { title: only.title }) : t("add.title");
  return (
    <Dialog
      wide
      title={title}
      onClose={onClose}
      onSubmit={() => void take.run()}
      locked={take.busy}
      foot={<DialogFoot onClose={onClose} busy={take.busy} disabled={!ready} text={t(old === undefined ? "add.do" : asksMore ? "upgrade.do.approve" : "upgrade.do")} />}
    >
      <div
        className={over ? "shell-drop shell-drop-over" : "shell-drop"}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          choose(event.dataTransfer.files[0]);
        }}
      >
        <Icon name="upload" size={24} />
        <p>{file === undefined ? t("add.drop") : `${file.name} · ${bytes(file.size)}`}</p>
        <Button onClick={() => chooser.current?.click()} busy={look.busy} data-autofocus>
          {t(file === undefined ? "add.choose" : "add.choose.another")}
        </Button>
        <input
          ref={chooser}
          type="file"
          accept=".wasm,application/wasm"
          className="shell-hidden"
          tabIndex={-1}
          aria-label={t("add.choose")}
          onChange={(event) => {
            choose(event.target.files?.[0]);
            // The same file again, rebuilt meanwhile, is a choice too.
            event.target.value = "";
          }}
        />
        {(look.busy || take.busy) && gone < 1 && <progress aria-label={t("add.sending")} value={gone} />}
      </div>
      {look.busy && <Skeleton rows={2} />}
      {look.problem !== undefined && <Failure problem={look.problem} retry={look.problem.passing && file !== undefined ? () => void look.run(file) : undefined} />}
      {take.problem !== undefined && <Failure problem={take.problem} />}
      {another && only !== undefined && <Note look="bad" title={t("upgrade.another", { found: found.title, title: only.title })} />}
      {ready && (
        <section aria-live="polite">
          <h3>
            {found.title} <span className="shell-version">{old === undefined ? found.version : t("upgrade.versions", { from: old.version, to: found.version })}</span>
          </h3>
          <p>{found.description}</p>
          {old !== undefined && only === undefined && <Note title={t("add.installed")}>{t("add.installed.text")}</Note>}
          {old !== undefined && old.version === found.version && old.digest === found.digest && <Note look="warn" title={t("upgrade.same")} />}
          {asksMore && grants !== undefined && wanted !== undefined && found.manifest !== null && found.manifest !== undefined ? (
            <>
              <Note look="warn" title={t("upgrade.more")}>{t("upgrade.more.text")}</Note>
              <GrantsForm manifest={found.manifest} wanted={wanted} before={old?.grants} missing="grant.new" value={grants} onValue={setGrants} errors={take.problem?.fields ?? {}} />
            </>
          ) : (
            wanted !== undefined && (
              <>
                <p className="shell-help">{t(old === undefined ? "add.wants" : "upgrade.no-more")}</p>
                <GrantsView wanted={wanted} granted={old?.grants} manifest={found.manifest} />
              </>
            )
          )}
        </section>
      )}
    </Dialog>
  );
}
