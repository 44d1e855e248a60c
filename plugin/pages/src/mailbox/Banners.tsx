import { useTranslation } from "react-i18next";
import { Link, paths } from "../app/router.tsx";
import { useFormat, useNow } from "../shared/time.ts";
import { AlertIcon, SyncIcon } from "./icons.tsx";
import type { Account } from "./types.ts";

/** What a person has to know about their accounts before they trust the list: what is broken, and what is still coming. */
export function Banners({ accounts }: { accounts: readonly Account[] }) {
  const { t } = useTranslation("mailbox");
  const format = useFormat();
  const broken = accounts.filter(({ status }) => ["reconnect", "administrator", "awaiting-start"].includes(status.condition));
  const filling = accounts.filter(({ status }) => status.condition === "syncing" && status.stage === "backfill");
  if (broken.length + filling.length === 0) return null;
  return (
    <div className="mail-banners">
      {broken.map(({ id, email, status }) => (
        <div key={id} className="mail-banner" data-tone={status.condition === "awaiting-start" ? "info" : "problem"} role="status">
          <AlertIcon aria-hidden />
          <span>{t(`banner.${status.condition as "reconnect"}`, { email })}</span>
          <Link to={paths.account(id)}>{t(status.condition === "reconnect" ? "banner.reconnectLink" : status.condition === "administrator" ? "banner.details" : "banner.startLink")}</Link>
        </div>
      ))}
      {filling.map(({ id, email, status }) => (
        <div key={id} className="mail-banner" data-tone="info">
          <SyncIcon spin aria-hidden />
          <span>
            {status.progress.expected == null
              ? t("banner.filling", { email, stored: format.count(status.progress.stored) })
              : t("banner.fillingOf", { email, stored: format.count(status.progress.stored), expected: format.count(Math.max(status.progress.expected, status.progress.stored)) })}
          </span>
        </div>
      ))}
    </div>
  );
}

/** One line on how fresh the list is. */
export function SyncLine({ accounts }: { accounts: readonly Account[] }) {
  const { t } = useTranslation("mailbox");
  const format = useFormat();
  const now = useNow(20_000);
  const syncing = accounts.some(({ status }) => status.condition === "syncing");
  const waiting = accounts.find(({ status }) => status.condition === "waiting");
  const last = Math.min(...accounts.map(({ status }) => status.last_success ?? Number.POSITIVE_INFINITY));
  const text = syncing
    ? t("sync.now")
    : waiting?.status.until != null
      ? t("sync.waiting", { time: format.moment(waiting.status.until) })
      : Number.isFinite(last)
        ? t("sync.last", { time: format.relative(Math.min(last, now), now) })
        : "";
  const title = accounts.map(({ email, status }) => `${email}: ${status.last_success == null ? "–" : format.full(status.last_success)}${status.reason == null ? "" : ` (${status.reason})`}`).join("\n");
  return (
    <Link to={paths.accounts} className="mail-sync" title={title}>
      {syncing ? <SyncIcon spin aria-hidden /> : null}
      <span>{text === "" ? t("accounts") : text}</span>
    </Link>
  );
}
