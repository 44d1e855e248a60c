import CheckCircleOutlined from "@ant-design/icons/es/icons/CheckCircleOutlined";
import HistoryOutlined from "@ant-design/icons/es/icons/HistoryOutlined";
import App from "antd/es/app";
import Button from "antd/es/button";
import { useTranslation } from "react-i18next";
import { useLog, useParked, useRetryParked, type Account } from "../../api/accounts.ts";
import { useProblemLine } from "../../shared/problem.ts";
import { Empty, Failure, Loading } from "../../shared/states.tsx";
import { useFormat, useNow } from "../../shared/time.ts";
import { reachable } from "../status.ts";
import { LogLine } from "./LogLine.tsx";

/** What the worker did, and what it could not store. */
export function Activity({ account }: { account: Account }) {
  return (
    <div className="em-sections">
      <Parked account={account} />
      <Log account={account} />
    </div>
  );
}

function Parked({ account }: { account: Account }) {
  const { t } = useTranslation("accounts");
  const { message } = App.useApp();
  const line = useProblemLine();
  const format = useFormat();
  const now = useNow();
  const parked = useParked(account.id);
  const retry = useRetryParked(account.id);
  const some = (parked.data?.length ?? 0) > 0;
  return (
    <section className="em-card" aria-labelledby="em-parked">
      <div className="em-card-head">
        <h2 id="em-parked">{t("parked.title")}</h2>
        {some ? (
          <Button
            loading={retry.isPending}
            disabled={!reachable(account)}
            onClick={() => retry.mutate(undefined, { onSuccess: () => void message.success(t("parked.retrying")), onError: (error) => void message.error(line(error)) })}
          >
            {t("parked.retry")}
          </Button>
        ) : null}
      </div>
      {parked.data === undefined ? (
        parked.isError ? (
          <Failure error={parked.error} onRetry={() => void parked.refetch()} />
        ) : (
          <Loading rows={2} />
        )
      ) : some ? (
        <ul className="em-log">
          {parked.data.map((each) => (
            <li key={each.provider_id}>
              <div>{each.reason}</div>
              <div className="em-hint">
                {t("parked.tries", { count: each.tries, when: format.relative(each.next_try, now) })} · <code>{each.provider_id}</code>
              </div>
            </li>
          ))}
        </ul>
      ) : (
        <p className="em-good">
          <CheckCircleOutlined aria-hidden /> {t("parked.none")}
        </p>
      )}
    </section>
  );
}

function Log({ account }: { account: Account }) {
  const { t } = useTranslation("accounts");
  const log = useLog(account.id);
  const entries = log.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="em-card" aria-labelledby="em-log">
      <h2 id="em-log">{t("log.title")}</h2>
      {log.data === undefined ? (
        log.isError ? (
          <Failure error={log.error} onRetry={() => void log.refetch()} />
        ) : (
          <Loading rows={6} />
        )
      ) : entries.length === 0 ? (
        <Empty icon={<HistoryOutlined />} title={t("log.none")} />
      ) : (
        <>
          <ol className="em-log em-log-lines">
            {entries.map((entry) => (
              <LogLine key={entry.id} entry={entry} provider={account.provider} />
            ))}
          </ol>
          {log.hasNextPage ? (
            <Button loading={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>
              {t("log.more")}
            </Button>
          ) : null}
        </>
      )}
    </section>
  );
}
