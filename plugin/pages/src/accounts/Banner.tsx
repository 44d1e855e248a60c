import Alert from "antd/es/alert";
import Button from "antd/es/button";
import { useTranslation } from "react-i18next";
import { useReconnect, type Account } from "../api/accounts.ts";
import { usePage } from "../app/context.tsx";
import { CopyButton } from "../shared/CopyButton.tsx";
import { Linkified } from "../shared/Linkified.tsx";
import { useProblemLine } from "../shared/problem.ts";
import { paths } from "../app/router.tsx";
import { companyOf } from "./Provider.tsx";
import { stateOf } from "./status.ts";

interface Props {
  account: Account;
  onStart: () => void;
}

/** What only a person can do, with the one button that does it. Nothing if there is nothing to do. */
export function Banner({ account, onStart }: Props) {
  const { t } = useTranslation("accounts");
  const { navigate, user } = usePage();
  const reconnect = useReconnect(account.id);
  const line = useProblemLine();
  const state = stateOf(account);
  const company = companyOf(account.provider);
  const failed = reconnect.isError ? <div role="alert">{line(reconnect.error)}</div> : null;
  const connect = (
    <Button type="primary" loading={reconnect.isPending || reconnect.isSuccess} onClick={() => reconnect.mutate()}>
      {t("banner.reconnect.action")}
    </Button>
  );

  if (state.kind === "reconnect") {
    return (
      <Alert
        type="error"
        showIcon
        title={t("banner.reconnect.title")}
        description={
          <>
            {state.detail === "" ? null : <p><Linkified text={state.detail} /></p>}
            <p>{t("banner.reconnect.text", { company })}</p>
            {failed}
          </>
        }
        action={connect}
      />
    );
  }
  if (state.kind === "administrator") {
    return (
      <Alert
        type="error"
        showIcon
        title={t("banner.administrator.title")}
        description={
          <>
            <p>
              <Linkified text={state.detail} />
            </p>
            <p>{t("banner.administrator.text")}</p>
            {failed}
          </>
        }
        action={
          <div className="em-banner-actions">
            {user.administrator ? (
              <Button type="primary" onClick={() => navigate(paths.settings)}>
                {t("banner.administrator.settings")}
              </Button>
            ) : (
              <CopyButton text={state.detail} label={t("banner.administrator.copy")} />
            )}
            <Button loading={reconnect.isPending || reconnect.isSuccess} onClick={() => reconnect.mutate()}>
              {t("banner.reconnect.action")}
            </Button>
          </div>
        }
      />
    );
  }
  if (state.kind === "awaiting-start") {
    return (
      <Alert
        type="info"
        showIcon
        title={t("banner.start.title")}
        description={t("banner.start.text")}
        action={
          <Button type="primary" onClick={onStart}>
            {t("banner.start.action")}
          </Button>
        }
      />
    );
  }
  if (account.missing_features.length > 0) {
    const known = ["read", "modify", "send", "delete"] as const;
    const features = account.missing_features.map((name) => {
      const feature = known.find((each) => each === name);
      return feature ? t(`feature.${feature}`) : name;
    });
    return (
      <Alert
        type="warning"
        showIcon
        title={t("banner.partial.title")}
        description={
          <>
            <p>{t("banner.partial.text", { company, features: features.join(", ") })}</p>
            {failed}
          </>
        }
        action={
          <Button loading={reconnect.isPending || reconnect.isSuccess} onClick={() => reconnect.mutate()}>
            {t("banner.partial.action")}
          </Button>
        }
      />
    );
  }
  return null;
}
