import SettingOutlined from "@ant-design/icons/es/icons/SettingOutlined";
import SyncOutlined from "@ant-design/icons/es/icons/SyncOutlined";
import Button from "antd/es/button";
import Tooltip from "antd/es/tooltip";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSync, type Account } from "../api/accounts.ts";
import { usePage } from "../app/context.tsx";
import { Link, paths } from "../app/router.tsx";
import { useProblemLine } from "../shared/problem.ts";
import { useFormat } from "../shared/time.ts";
import { Banner } from "./Banner.tsx";
import { ProviderIcon } from "./Provider.tsx";
import { StartDialog } from "./StartDialog.tsx";
import { StatusLine } from "./StatusLine.tsx";
import { reachable } from "./status.ts";

export function AccountCard({ account }: { account: Account }) {
  const { t } = useTranslation("accounts");
  const { navigate } = usePage();
  const format = useFormat();
  const sync = useSync(account.id);
  const line = useProblemLine();
  const [starting, setStarting] = useState(false);
  const { local_count } = account.status;
  return (
    <article className="em-card em-account" aria-label={account.email}>
      <div className="em-account-head">
        <ProviderIcon id={account.provider} large />
        <div className="em-account-name">
          <Link to={paths.account(account.id)} className="em-account-link">
            {account.email}
          </Link>
          <div className="em-hint">{[account.display_name, t("messages", { count: local_count, number: format.count(local_count) })].filter(Boolean).join(" · ")}</div>
        </div>
        <div className="em-actions">
          {reachable(account) ? (
            <Tooltip title={t("sync.action")}>
              <Button
                className="em-account-sync"
                icon={<SyncOutlined spin={sync.isPending} />}
                aria-label={t("sync.of", { email: account.email })}
                disabled={sync.isPending || account.status.condition === "syncing"}
                onClick={() => sync.mutate()}
              />
            </Tooltip>
          ) : null}
          <Tooltip title={t("settings")}>
            <Button icon={<SettingOutlined />} aria-label={t("settingsOf", { email: account.email })} onClick={() => navigate(paths.account(account.id))} />
          </Tooltip>
        </div>
      </div>
      <StatusLine account={account} />
      {sync.isError ? (
        <div className="em-error" role="alert">
          {line(sync.error)}
        </div>
      ) : null}
      <Banner account={account} onStart={() => setStarting(true)} />
      <StartDialog account={account} open={starting} onClose={() => setStarting(false)} />
    </article>
  );
}
