import CheckCircleFilled from "@ant-design/icons/es/icons/CheckCircleFilled";
import Alert from "antd/es/alert";
import Button from "antd/es/button";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useAccount, useChangeAccount } from "../api/accounts.ts";
import { usePage, useTitle } from "../app/context.tsx";
import { Link, paths } from "../app/router.tsx";
import { useProblemLine } from "../shared/problem.ts";
import { Failure, Loading } from "../shared/states.tsx";
import { useFormat } from "../shared/time.ts";
import { Banner } from "./Banner.tsx";
import { StartChoice } from "./StartChoice.tsx";
import { StatusLine } from "./StatusLine.tsx";
import { sinceOf, usual, type Start } from "./start.ts";

/** Coming back from the provider: the start date if it is not known yet, then the mail as it comes in. */
export function Arrival({ id }: { id: string }) {
  const { t } = useTranslation("accounts");
  const { navigate } = usePage();
  const format = useFormat();
  const account = useAccount(id);
  const change = useChangeAccount(id);
  const line = useProblemLine();
  const [start, setStart] = useState<Start>(usual);
  const since = sinceOf(start);
  useTitle(t("arrival.title"));

  if (account.data === undefined) {
    return account.isError ? (
      <div className="em-page">
        <Failure page error={account.error} onRetry={() => void account.refetch()}>
          <Button onClick={() => navigate(paths.accounts)}>{t("title")}</Button>
        </Failure>
      </div>
    ) : (
      <Loading page />
    );
  }
  const { email, status } = account.data;
  const waiting = status.condition === "awaiting-start";
  return (
    <div className="em-page">
      <div className="em-page-inner em-arrival">
        <section className="em-card">
          <header className="em-arrival-head">
            <CheckCircleFilled aria-hidden />
            <h1>{t("arrival.linked", { email })}</h1>
          </header>
          {waiting ? (
            <form
              onSubmit={(event) => {
                event.preventDefault();
                if (since !== undefined) change.mutate({ sync_since: since === 0 ? null : since });
              }}
            >
              <StartChoice value={start} onChange={setStart} disabled={change.isPending} />
              {change.isError ? <Alert type="error" showIcon title={line(change.error)} /> : null}
              <div className="em-actions em-arrival-actions">
                <Button type="primary" htmlType="submit" size="large" loading={change.isPending} disabled={since === undefined}>
                  {t("startDialog.begin")}
                </Button>
                <Link to={paths.account(id)}>{t("arrival.later")}</Link>
              </div>
            </form>
          ) : (
            <>
              <div className="em-arrival-count" aria-hidden>
                <strong>{format.count(status.local_count)}</strong>
                <span>{t("messagesHere", { count: status.local_count })}</span>
              </div>
              <StatusLine account={account.data} />
              <Banner account={account.data} onStart={() => {}} />
              <p className="em-hint">{t(status.condition === "syncing" ? "arrival.meanwhile" : "arrival.done")}</p>
              <div className="em-actions em-arrival-actions">
                <Button type="primary" size="large" href={paths.mailbox}>
                  {t("arrival.inbox")}
                </Button>
                <Link to={paths.account(id)}>{t("arrival.settings")}</Link>
              </div>
            </>
          )}
        </section>
      </div>
    </div>
  );
}
