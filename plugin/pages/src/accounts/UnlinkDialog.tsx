import Alert from "antd/es/alert";
import Button from "antd/es/button";
import Modal from "antd/es/modal";
import Radio from "antd/es/radio";
import { useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { useUnlink, type Account } from "../api/accounts.ts";
import { keys } from "../api/keys.ts";
import { usePage } from "../app/context.tsx";
import { paths } from "../app/router.tsx";
import { Linkified } from "../shared/Linkified.tsx";
import { useProblemLine } from "../shared/problem.ts";
import { companyOf } from "./Provider.tsx";

interface Props {
  account: Account;
  open: boolean;
  onClose: () => void;
}

/** Keeping the mail or not is asked; what is left to do at the provider is said. */
export function UnlinkDialog({ account, open, onClose }: Props) {
  const { t } = useTranslation("accounts");
  const { navigate } = usePage();
  const queries = useQueryClient();
  const unlink = useUnlink(account.id);
  const line = useProblemLine();
  const [keep, setKeep] = useState<boolean>();
  const question = useId();
  const company = companyOf(account.provider);

  // Only when the person has read it: what is shown here belongs to an account that is gone.
  const leave = () => {
    queries.removeQueries({ queryKey: keys.account(account.id) });
    void queries.invalidateQueries({ queryKey: keys.mail });
    navigate(paths.accounts, { replace: true });
  };

  if (unlink.isSuccess) {
    const { hint, revoked } = unlink.data;
    return (
      <Modal
        open={open}
        title={t("unlink.done", { email: account.email })}
        closable={false}
        footer={
          <Button type="primary" onClick={leave}>
            {t("unlink.finish")}
          </Button>
        }
      >
        <p>{t(revoked ? "unlink.revoked" : "unlink.notRevoked", { company })}</p>
        {hint === "" ? null : <Alert type="warning" showIcon title={<Linkified text={hint} />} />}
      </Modal>
    );
  }
  return (
    <Modal
      open={open}
      title={t("unlink.confirm", { email: account.email })}
      okText={t("unlink.action")}
      cancelText={t("cancel", { ns: "common" })}
      okButtonProps={{ danger: true, disabled: keep === undefined }}
      confirmLoading={unlink.isPending}
      destroyOnHidden
      onCancel={onClose}
      onOk={() => keep !== undefined && unlink.mutate(keep)}
    >
      <p id={question}>{t("unlink.question")}</p>
      <Radio.Group aria-labelledby={question} className="em-radios" value={keep} disabled={unlink.isPending} onChange={(event) => setKeep(event.target.value as boolean)}>
        <Radio value={true}>
          {t("unlink.keep")}
          <span className="em-hint">{t("unlink.keepHint")}</span>
        </Radio>
        <Radio value={false}>
          {t("unlink.delete")}
          <span className="em-hint">{t("unlink.deleteHint", { company })}</span>
        </Radio>
      </Radio.Group>
      {unlink.isError ? <Alert type="error" showIcon title={line(unlink.error)} /> : null}
    </Modal>
  );
}
