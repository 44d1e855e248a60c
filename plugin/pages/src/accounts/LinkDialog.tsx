import Alert from "antd/es/alert";
import Button from "antd/es/button";
import Input from "antd/es/input";
import Modal from "antd/es/modal";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLink } from "../api/accounts.ts";
import { usePage } from "../app/context.tsx";
import { Link, paths } from "../app/router.tsx";
import { kindOf, useProblemText } from "../shared/problem.ts";
import { ProviderIcon, providers } from "./Provider.tsx";
import { StartChoice } from "./StartChoice.tsx";
import { sinceOf, usual, type Start } from "./start.ts";

interface Props {
  open: boolean;
  onClose: () => void;
}

/** Which provider, and from when on. Then the provider's page takes over. */
export function LinkDialog({ open, onClose }: Props) {
  const { t } = useTranslation("accounts");
  const link = useLink();
  const [provider, setProvider] = useState<string>();
  const [start, setStart] = useState<Start>(usual);
  const [mailbox, setMailbox] = useState("");
  const since = sinceOf(start);
  const leaving = link.isPending || link.isSuccess;
  const chosen = providers.find((each) => each.id === provider);
  const close = () => {
    link.reset();
    onClose();
  };
  return (
    <Modal
      open={open}
      title={t("link.title")}
      onCancel={close}
      destroyOnHidden
      width={560}
      footer={[
        <Button key="cancel" onClick={close}>
          {t("cancel", { ns: "common" })}
        </Button>,
        <Button
          key="go"
          type="primary"
          loading={leaving}
          disabled={chosen === undefined || since === undefined}
          onClick={() => chosen && link.mutate({ provider: chosen.id, since, mailbox: chosen.id === "microsoft" ? mailbox.trim() : "" })}
        >
          {chosen ? t("link.go", { company: chosen.company }) : t("link.continue")}
        </Button>,
      ]}
    >
      <div className="em-link-dialog">
        <div role="radiogroup" aria-label={t("link.provider")} className="em-choices">
          {providers.map((each) => (
            <label key={each.id} className="em-choice" data-on={provider === each.id || undefined}>
              <input type="radio" name="em-provider" className="em-visually-hidden" checked={provider === each.id} disabled={leaving} onChange={() => setProvider(each.id)} />
              <ProviderIcon id={each.id} large />
              <span>
                <strong>{each.name}</strong>
                <span className="em-hint">{t(`link.${each.id}`)}</span>
              </span>
            </label>
          ))}
        </div>
        {provider === "microsoft" ? <SharedMailbox value={mailbox} onChange={setMailbox} disabled={leaving} /> : null}
        <StartChoice value={start} onChange={setStart} disabled={leaving} />
        {link.isError ? <LinkFailed error={link.error} /> : null}
        <p className="em-hint">{t("link.note")}</p>
      </div>
    </Modal>
  );
}

/** For a mailbox that several people of an organisation use; most people leave it empty. */
function SharedMailbox({ value, onChange, disabled }: { value: string; onChange: (address: string) => void; disabled: boolean }) {
  const { t } = useTranslation("accounts");
  const id = useId();
  return (
    <div className="em-shared">
      <label htmlFor={id} className="em-label">
        {t("link.shared")}
      </label>
      <Input
        id={id}
        type="email"
        value={value}
        disabled={disabled}
        placeholder="team@example.com"
        autoComplete="off"
        aria-describedby={`${id}-hint`}
        onChange={(event) => onChange(event.target.value)}
      />
      <p id={`${id}-hint`} className="em-hint">
        {t("link.sharedHint")}
      </p>
    </div>
  );
}

function LinkFailed({ error }: { error: unknown }) {
  const { t } = useTranslation("accounts");
  const { user } = usePage();
  const { title, advice, detail } = useProblemText(error);
  return (
    <Alert
      type="error"
      showIcon
      title={kindOf(error) === "administrator-action" ? t("link.notConfigured") : title}
      description={
        <>
          <p>{kindOf(error) === "administrator-action" ? t(user.administrator ? "link.configure" : "link.ask") : advice}</p>
          {detail === "" ? null : <p>{detail}</p>}
          {user.administrator && kindOf(error) === "administrator-action" ? <Link to={paths.settings}>{t("banner.administrator.settings")}</Link> : null}
        </>
      }
    />
  );
}
