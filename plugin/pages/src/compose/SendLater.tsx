import Button from "antd/es/button";
import Modal from "antd/es/modal";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../shared/time.ts";
import { hostNow } from "./clock.ts";

interface Props {
  open: boolean;
  onClose: () => void;
  onPick: (at: number) => void;
}

/** Times that people mean, and any other. */
export function SendLater({ open, onClose, onPick }: Props) {
  const { t } = useTranslation("compose");
  const format = useFormat();
  const [own, setOwn] = useState("");
  const pick = (at: number) => {
    onClose();
    // What is chosen is a time of this computer's clock.
    onPick(at + (hostNow() - Date.now()));
  };
  const chosen = own === "" ? Number.NaN : new Date(own).getTime();
  const able = Number.isFinite(chosen) && chosen > Date.now() + 60_000;
  return (
    <Modal open={open} onCancel={onClose} footer={null} title={t("sendLater")} width={420} destroyOnHidden>
      <div className="compose-later">
        {offers(new Date()).map(({ name, at }) => (
          <button key={name} type="button" onClick={() => pick(at)}>
            <span>{t(`later.${name}`)}</span>
            <span>{format.full(at)}</span>
          </button>
        ))}
        <label>
          <span>{t("later.other")}</span>
          <input type="datetime-local" value={own} onChange={(event) => setOwn(event.target.value)} />
        </label>
        <Button type="primary" disabled={!able} onClick={() => pick(chosen)}>
          {t("later.schedule")}
        </Button>
      </div>
    </Modal>
  );
}

type Offer = { name: "evening" | "tomorrow" | "monday"; at: number };

function offers(now: Date): Offer[] {
  const at = (days: number, hour: number) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour).getTime();
  const toMonday = (8 - now.getDay()) % 7 || 7;
  const list: Offer[] = [];
  if (now.getHours() < 17) list.push({ name: "evening", at: at(0, 18) });
  list.push({ name: "tomorrow", at: at(1, 8) });
  if (toMonday > 1) list.push({ name: "monday", at: at(toMonday, 8) });
  return list;
}
