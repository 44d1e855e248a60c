import { useState } from "react";

import type { Plugin } from "../../core/host.ts";
import { useLanguage } from "../../core/i18n.ts";
import { useAction } from "../../core/resource.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { DialogFoot } from "../../ui/dialog-foot.tsx";
import { TextField } from "../../ui/field.tsx";
import { Failure } from "../../ui/states.tsx";
import { remove } from "./data.ts";

export function RemoveDialog({ plugin, onClose, onDone }: { plugin: Plugin; onClose: () => void; onDone: () => void }) {
  const { t } = useLanguage();
  const [data, setData] = useState<"keep" | "delete">("keep");
  const [typed, setTyped] = useState("");
  const [wrong, setWrong] = useState(false);
  const action = useAction(async () => {
    const unsure = data === "delete" && typed.trim() !== plugin.id;
    setWrong(unsure);
    if (unsure) return;
    await remove(plugin.id, data);
    onDone();
  });
  return (
    <Dialog
      title={t("remove.title", { title: plugin.title })}
      onClose={onClose}
      onSubmit={() => void action.run()}
      locked={action.busy}
      foot={<DialogFoot onClose={onClose} busy={action.busy} look="danger" text={t(data === "delete" ? "remove.do.delete" : "remove.do.keep")} />}
    >
      {action.problem !== undefined && <Failure problem={action.problem} />}
      {plugin.state === "enabled" && <p>{t("remove.enabled")}</p>}
      <fieldset className="shell-options">
        <legend>{t("remove.data")}</legend>
        <label>
          <input type="radio" name="data" checked={data === "keep"} onChange={() => setData("keep")} data-autofocus />
          <span>
            <strong>{t("remove.keep")}</strong>
            <span className="shell-help">{t("remove.keep.help")}</span>
          </span>
        </label>
        <label>
          <input type="radio" name="data" checked={data === "delete"} onChange={() => setData("delete")} />
          <span>
            <strong>{t("remove.delete")}</strong>
            <span className="shell-help">{t("remove.delete.help")}</span>
          </span>
        </label>
      </fieldset>
      {data === "delete" && (
        <TextField label={t("remove.type", { id: plugin.id })} value={typed} onValue={setTyped} autoComplete="off" autoCapitalize="none" spellCheck={false} error={wrong ? t("remove.type.wrong", { id: plugin.id }) : undefined} />
      )}
    </Dialog>
  );
}
