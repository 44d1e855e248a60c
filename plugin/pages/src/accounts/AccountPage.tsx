import ArrowLeftOutlined from "@ant-design/icons/es/icons/ArrowLeftOutlined";
import Button from "antd/es/button";
import Tabs from "antd/es/tabs";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useAccount, type Account } from "../api/accounts.ts";
import { usePage, useTitle } from "../app/context.tsx";
import { Link, paths } from "../app/router.tsx";
import { Failure, Loading } from "../shared/states.tsx";
import { Banner } from "./Banner.tsx";
import { ProviderIcon, companyOf } from "./Provider.tsx";
import { StartDialog } from "./StartDialog.tsx";
import { Activity } from "./sections/Activity.tsx";
import { Folders } from "./sections/Folders.tsx";
import { Overview } from "./sections/Overview.tsx";
import { Sender } from "./sections/Sender.tsx";

const tabs = ["overview", "sender", "folders", "activity"] as const;
type Tab = (typeof tabs)[number];

/** One account: how it is, and what can be set on it. */
export function AccountPage({ id }: { id: string }) {
  const { t } = useTranslation("accounts");
  const { navigate } = usePage();
  const account = useAccount(id);
  useTitle(account.data?.email ?? t("title"));
  if (account.data === undefined) {
    return account.isError ? (
      <div className="em-page">
        <Failure page error={account.error} onRetry={() => void account.refetch()}>
          <Button onClick={() => navigate(paths.accounts)}>{t("title")}</Button>
        </Failure>
      </div>
    ) : (
      <Loading page rows={8} />
    );
  }
  return <Loaded account={account.data} />;
}

function Loaded({ account }: { account: Account }) {
  const { t } = useTranslation("accounts");
  const { location, navigate } = usePage();
  const [starting, setStarting] = useState(false);
  const chooseStart = () => setStarting(true);
  const asked = location.hash.slice(1);
  const tab: Tab = tabs.find((each) => each === asked) ?? "overview";
  const content: Record<Tab, React.ReactNode> = {
    overview: <Overview account={account} onStart={chooseStart} />,
    sender: <Sender account={account} />,
    folders: <Folders account={account} />,
    activity: <Activity account={account} />,
  };
  return (
    <div className="em-page">
      <div className="em-page-inner">
        <Link to={paths.accounts} className="em-back">
          <ArrowLeftOutlined aria-hidden /> {t("title")}
        </Link>
        <header className="em-page-head em-account-page-head">
          <div className="em-account-head">
            <ProviderIcon id={account.provider} large />
            <div className="em-account-name">
              <h1>{account.email}</h1>
              <p>{companyOf(account.provider)}</p>
            </div>
          </div>
        </header>
        <div className="em-banner">
          <Banner account={account} onStart={chooseStart} />
        </div>
        <Tabs
          activeKey={tab}
          onChange={(next) => navigate(`${paths.account(account.id)}${next === "overview" ? "" : `#${next}`}`, { replace: true })}
          items={tabs.map((key) => ({ key, label: t(`tab.${key}`), children: content[key] }))}
        />
        <StartDialog account={account} open={starting} onClose={() => setStarting(false)} />
      </div>
    </div>
  );
}
