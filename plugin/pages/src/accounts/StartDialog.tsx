import Alert from "antd/es/alert";
import Modal from "antd/es/modal";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useChangeAccount, type Account } from "../api/accounts.ts";
import { useProblemLine } from "../shared/problem.ts";
import { StartChoice } from "./StartChoice.tsx";
import { sinceOf, usual, type Start } from "./start.ts";

interface Props {
  account: Account;
  open: boolean;
  onClose: () => void;
}

/** Chooses or changes from when on mail is fetched. */
export function StartDialog({ account, open, onClose }: Props) {
  const { t } = useTranslation("accounts");
  const change = useChangeAccount(account.id);
  const line = useProblemLine();
  const [start, setStart] = useState<Start>(usual);
  const since = sinceOf(start);
  const first = account.status.condition === "awaiting-start";
  // A later date keeps what is here: people should not expect mail to vanish.
  const later = !first && since !== undefined && (account.sync_since ?? 0) < since;
  return (
    <Modal
      open={open}
      title={t(first ? "startDialog.first" : "startDialog.change")}
      okText={t(first ? "startDialog.begin" : "startDialog.apply")}
      cancelText={t("cancel", { ns: "common" })}
      confirmLoading={change.isPending}
      okButtonProps={{ disabled: since === undefined }}
      onCancel={onClose}
      destroyOnHidden
      onOk={() => since !== undefined && change.mutate({ sync_since: since === 0 ? null : since }, { onSuccess: onClose })}
    >
      <StartChoice value={start} onChange={setStart} disabled={change.isPending} />
      {later ? <Alert type="info" showIcon title={t("startDialog.later")} /> : null}
      {change.isError ? <Alert type="error" showIcon title={line(change.error)} /> : null}
    </Modal>
  );
}
