import CheckCircleFilled from "@ant-design/icons/es/icons/CheckCircleFilled";
import ClockCircleFilled from "@ant-design/icons/es/icons/ClockCircleFilled";
import ExclamationCircleFilled from "@ant-design/icons/es/icons/ExclamationCircleFilled";
import InfoCircleFilled from "@ant-design/icons/es/icons/InfoCircleFilled";
import SyncOutlined from "@ant-design/icons/es/icons/SyncOutlined";
import Progress from "antd/es/progress";
import { useTranslation } from "react-i18next";
import type { Account } from "../api/accounts.ts";
import { useFormat, useNow } from "../shared/time.ts";
import { companyOf } from "./Provider.tsx";
import { stateOf, type State } from "./status.ts";

function icon(state: State) {
  switch (state.kind) {
    case "up-to-date":
      return <CheckCircleFilled />;
    case "waiting":
      return <ClockCircleFilled />;
    case "awaiting-start":
      return <InfoCircleFilled />;
    case "reconnect":
    case "administrator":
      return <ExclamationCircleFilled />;
    default:
      return <SyncOutlined spin />;
  }
}

/** One line, and a bar while there is something to wait for. */
export function StatusLine({ account }: { account: Account }) {
  const { t } = useTranslation("accounts");
  const format = useFormat();
  const now = useNow(15_000);
  const state = stateOf(account);
  const company = companyOf(account.provider);
  const parked = account.status.progress.parked;

  const text = (): string => {
    switch (state.kind) {
      case "up-to-date":
        return state.at === undefined ? t("status.upToDate") : t("status.upToDateAt", { when: format.relative(state.at, now) });
      case "starting":
        return t("status.starting", { company });
      case "checking":
        return t("status.checking");
      case "fetching":
      case "comparing": {
        const numbers = { count: state.stored, stored: format.count(state.stored), expected: format.count(state.expected ?? 0) };
        if (state.kind === "comparing") return t("status.comparing", { company });
        return state.expected === undefined ? t("status.fetched", numbers) : t("status.fetchedOf", numbers);
      }
      case "waiting":
        return t("status.waiting", { until: format.moment(state.until) });
      case "awaiting-start":
        return t("status.awaitingStart");
      case "reconnect":
        return t("status.reconnect");
      case "administrator":
        return t("status.administrator");
    }
  };

  const bar = state.kind === "fetching" || state.kind === "comparing" || state.kind === "starting";
  const percent = "percent" in state ? state.percent : undefined;
  return (
    <div className="em-status" data-tone={state.tone} data-state={state.kind}>
      <div className="em-status-line" role="status">
        <span aria-hidden>{icon(state)}</span>
        <span>
          {text()}
          {parked > 0 ? <span className="em-status-parked">{t("status.parked", { count: parked })}</span> : null}
        </span>
      </div>
      {state.kind === "waiting" && state.reason !== "" ? <div className="em-hint">{state.reason}</div> : null}
      {bar ? (
        percent === undefined ? (
          <div className="em-progress-open" role="progressbar" aria-label={t("status.progress")} />
        ) : (
          <Progress percent={percent} size="small" aria-label={t("status.progress")} />
        )
      ) : null}
    </div>
  );
}
