import { useState } from "react";

import type { Grants, Plugin } from "../../core/host.ts";
import { useLanguage } from "../../core/i18n.ts";
import { useAction } from "../../core/resource.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { DialogFoot } from "../../ui/dialog-foot.tsx";
import { Failure } from "../../ui/states.tsx";
import { approve, approveAndEnable } from "./data.ts";
import { GrantsForm } from "./grants-form.tsx";

/** What a plugin is about to be allowed, before it runs; or, while it runs, from now on. */
export function GrantsDialog({ plugin, to, onClose, onDone }: { plugin: Plugin; to: "enable" | "change"; onClose: () => void; onDone: (plugin: Plugin) => void }) {
  const { t } = useLanguage();
  const wanted = plugin.proposed_grants;
  const [grants, setGrants] = useState<Grants | undefined>(plugin.grants ?? wanted ?? undefined);
  const action = useAction(async () => {
    if (grants === undefined) return;
    onDone(await (to === "enable" ? approveAndEnable(plugin.id, grants) : approve(plugin.id, grants)));
  });
  if (wanted === null || wanted === undefined || grants === undefined || plugin.manifest === null || plugin.manifest === undefined) return null;
  const fields = action.problem?.fields ?? {};
  return (
    <Dialog
      wide
      title={t(to === "enable" ? "enable.title" : "grants.title", { title: plugin.title })}
      onClose={onClose}
      onSubmit={() => void action.run()}
      locked={action.busy}
      foot={<DialogFoot onClose={onClose} busy={action.busy} text={t(to === "enable" ? "enable.do" : "grants.do")} />}
    >
      <p>{t(to === "enable" ? "enable.text" : "grants.text", { title: plugin.title })}</p>
      {action.problem !== undefined && <Failure problem={action.problem} />}
      <GrantsForm manifest={plugin.manifest} wanted={wanted} before={plugin.grants} missing="grant.missing" value={grants} onValue={setGrants} errors={fields} />
      {/* The dialog's end is where one has read to: the problem must be seen from there as well. */}
      {action.problem !== undefined && <p className="shell-error">{t("form.see-above")}</p>}
    </Dialog>
  );
}
