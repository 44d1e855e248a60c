import SyncOutlined from "@ant-design/icons/es/icons/SyncOutlined";
import App from "antd/es/app";
import Button from "antd/es/button";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useResync, useSync, type Account } from "../../api/accounts.ts";
import { useProblemLine } from "../../shared/problem.ts";
import { useFormat, useNow } from "../../shared/time.ts";
import { companyOf } from "../Provider.tsx";
import { StatusLine } from "../StatusLine.tsx";
import { UnlinkDialog } from "../UnlinkDialog.tsx";
import { reachable } from "../status.ts";

interface Props {
  account: Account;
  onStart: () => void;
}

export function Overview({ account, onStart }: Props) {
  const { t } = useTranslation("accounts");
  const { modal, message } = App.useApp();
  const format = useFormat();
  const line = useProblemLine();
  const now = useNow(15_000);
  const sync = useSync(account.id);
  const resync = useResync(account.id);
  const [unlinking, setUnlinking] = useState(false);
  const { status } = account;
  const company = companyOf(account.provider);
  const failed = (error: unknown) => void message.error(line(error));
  const when = (at: number | null | undefined) => (at == null ? t("never") : <time title={format.full(at)}>{format.relative(at, now)}</time>);

  const compare = () =>
    modal.confirm({
      title: t("resync.title"),
      content: t("resync.text", { company }),
      okText: t("resync.action"),
      cancelText: t("cancel", { ns: "common" }),
      onOk: () => resync.mutateAsync().then(() => void message.success(t("resync.begun")), failed),
    });

  const syncing = status.condition === "syncing";
  return (
    <div className="em-sections">
      <section className="em-card" aria-labelledby="em-sync">
        <div className="em-card-head">
          <h2 id="em-sync">{t("sync.title")}</h2>
          <div className="em-actions">
            <Button
              icon={<SyncOutlined spin={sync.isPending} />}
              disabled={!reachable(account) || syncing || sync.isPending}
              onClick={() => sync.mutate(undefined, { onError: failed })}
            >
              {t("sync.action")}
            </Button>
            <Button disabled={!reachable(account) || resync.isPending} onClick={compare}>
              {t("resync.action")}
            </Button>
          </div>
        </div>
        <StatusLine account={account} />
        <dl className="em-facts">
          <Fact name={t("facts.success")}>{when(status.last_success)}</Fact>
          <Fact name={t("facts.next")}>{syncing ? t("facts.now") : when(status.next_run)}</Fact>
          <Fact name={t("facts.local")}>{format.count(status.local_count)}</Fact>
          <Fact name={t("facts.provider", { company })}>{status.provider_count == null ? t("unknown") : format.count(status.provider_count)}</Fact>
          <Fact name={t("facts.quota", { company })}>
            {t("facts.spent", {
              used: format.count(status.quota.used),
              units: format.count(status.quota.units),
              minutes: format.count(status.quota.window / 60_000),
            })}
          </Fact>
        </dl>
        {status.provider_count != null && account.sync_since != null ? <p className="em-hint">{t("facts.difference")}</p> : null}
      </section>

      <section className="em-card" aria-labelledby="em-since">
        <div className="em-card-head">
          <h2 id="em-since">{t("since.title")}</h2>
          <Button onClick={onStart}>{t(status.condition === "awaiting-start" ? "since.choose" : "since.change")}</Button>
        </div>
        <p>
          {status.condition === "awaiting-start"
            ? t("since.none")
            : account.sync_since == null
              ? t("since.everything")
              : t("since.date", { date: format.date(account.sync_since) })}
        </p>
      </section>

      <section className="em-card em-danger" aria-labelledby="em-unlink">
        <div className="em-card-head">
          <h2 id="em-unlink">{t("unlink.title")}</h2>
          <Button danger onClick={() => setUnlinking(true)}>
            {t("unlink.action")}
          </Button>
        </div>
        <p>{t("unlink.text")}</p>
      </section>
      <UnlinkDialog account={account} open={unlinking} onClose={() => setUnlinking(false)} />
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
