import CheckCircleOutlined from "@ant-design/icons/es/icons/CheckCircleOutlined";
import App from "antd/es/app";
import Button from "antd/es/button";
import { useTranslation } from "react-i18next";
import { useParked, type Account } from "../../api/accounts.ts";
import { useProblemLine } from "../../shared/problem.ts";
import { Empty, Failure, Loading } from "../../shared/states.tsx";
import { useFormat, useNow } from "../../shared/time.ts";

/** What the worker did, and what it could not store. */
export function Activity({ account }: { account: Account }) {
  return (
    <div className="em-sections">
      <Parked account={account} />
    </div>
  );
}

function Parked({ account }: { account: Account }) {
  const { t } = useTranslation("accounts");
  const format = useFormat();
  const now = useNow();
  const parked = useParked(account.id);
  void App;
  void Button;
  void useProblemLine;
  return (
    <section className="em-card" aria-labelledby="em-parked">
      <div className="em-card-head">
        <h2 id="em-parked">{t("parked.title")}</h2>
      </div>
      {parked.data === undefined ? (
        parked.isError ? (
          <Failure error={parked.error} onRetry={() => void parked.refetch()} />
        ) : (
          <Loading rows={2} />
        )
      ) : parked.data.length === 0 ? (
        <Empty icon={<CheckCircleOutlined />} title={t("parked.none")} />
      ) : (
        <ul className="em-log">
          {parked.data.map((message) => (
            <li key={message.provider_id}>
              <div>{message.reason}</div>
              <div className="em-hint">
                {t("parked.tries", { count: message.tries, when: format.relative(message.next_try, now) })} · <code>{message.provider_id}</code>
              </div>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
