import { useTranslation } from "react-i18next";
import type { LogEntry } from "../../api/accounts.ts";
import { useFormat } from "../../shared/time.ts";
import { companyOf } from "../Provider.tsx";

interface Props {
  entry: LogEntry;
  provider: string;
}

/** How an entry looks: what needs a person, what waits, what came of a round. */
function toneOf({ event }: LogEntry): "error" | "warning" | "plain" | "quiet" {
  switch (event.kind) {
    case "reconnect":
    case "administrator":
    case "refused":
      return "error";
    case "waiting":
    case "cursor-lost":
      return "warning";
    case "finished":
      return event.parked > 0 ? "warning" : "plain";
    case "quiet":
      return "quiet";
    default:
      return "plain";
  }
}

/** An entry of the log in the reader's words. */
export function LogLine({ entry, provider }: Props) {
  const { t } = useTranslation("accounts");
  const format = useFormat();
  const company = companyOf(provider);
  const { event, at, since, times } = entry;

  const counts = (event: Extract<LogEntry["event"], { kind: "finished" }>): string => {
    const kinds = ["new", "changed", "removed", "parked"] as const;
    const said = kinds.filter((kind) => event[kind] > 0).map((kind) => t(`log.count.${kind}`, { count: event[kind], number: format.count(event[kind]) }));
    return said.length === 0 ? t("log.count.none") : said.join(", ");
  };

  const say = (): [text: string, detail: string] => {
    switch (event.kind) {
      case "linked":
        return [t(event.again ? "log.linkedAgain" : "log.linked"), ""];
      case "unlinked":
        return [t("log.unlinked"), ""];
      case "began":
        return [t(`log.began.${event.activity}`, { company }), ""];
      case "finished":
        return [`${t(`log.finished.${event.activity}`, { company })}: ${counts(event)}`, event.took >= 1_000 ? t("log.took", { time: format.duration(event.took) }) : ""];
      case "quiet":
        return [t("log.quiet"), ""];
      case "cursor-lost":
        return [t("log.cursorLost", { company }), ""];
      case "waiting":
        return [t("log.waiting", { until: format.moment(event.until) }), event.reason];
      case "reconnect":
        return [t("log.reconnect"), event.reason];
      case "administrator":
        return [t("log.administrator"), event.reason];
      case "refused":
        return [t("log.refused", { company, count: event.changes }), event.reason];
    }
  };

  const [text, detail] = say();
  return (
    <li data-tone={toneOf(entry)}>
      <time dateTime={new Date(at).toISOString()} title={format.full(at)}>
        {format.moment(at)}
      </time>
      <div>
        <div>
          {text}
          {times > 1 ? <span className="em-hint"> {t("log.times", { count: times, since: format.moment(since) })}</span> : null}
        </div>
        {detail === "" ? null : <div className="em-hint">{detail}</div>}
      </div>
    </li>
  );
}
