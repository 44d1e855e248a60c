import MailOutlined from "@ant-design/icons/es/icons/MailOutlined";
import PlusOutlined from "@ant-design/icons/es/icons/PlusOutlined";
import Button from "antd/es/button";
import Skeleton from "antd/es/skeleton";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useAccounts } from "../api/accounts.ts";
import { usePage, useTitle } from "../app/context.tsx";
import { paths } from "../app/router.tsx";
import { Empty, Failure } from "../shared/states.tsx";
import { AccountCard } from "./AccountCard.tsx";
import { LinkDialog } from "./LinkDialog.tsx";

export function AccountList() {
  const { t } = useTranslation("accounts");
  const { navigate, location } = usePage();
  const accounts = useAccounts();
  const [linking, setLinking] = useState(false);
  useTitle(t("title"));

  // `#link` comes from an empty mailbox.
  useEffect(() => {
    if (location.hash !== "#link") return;
    setLinking(true);
    navigate(paths.accounts, { replace: true });
  }, [location.hash, navigate]);

  const some = (accounts.data?.length ?? 0) > 0;
  const link = (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => setLinking(true)}>
      {t("link.action")}
    </Button>
  );
  return (
    <div className="em-page">
      <div className="em-page-inner">
        <header className="em-page-head">
          <div>
            <h1>{t("title")}</h1>
            <p>{t("subtitle")}</p>
          </div>
          {some ? (
            <div className="em-actions">
              <Button icon={<MailOutlined />} href={paths.mailbox}>
                {t("inbox")}
              </Button>
              {link}
            </div>
          ) : null}
        </header>
        {accounts.data !== undefined ? (
          some ? (
            <ul className="em-cards">
              {accounts.data.map((account) => (
                <li key={account.id}>
                  <AccountCard account={account} />
                </li>
              ))}
            </ul>
          ) : (
            <div className="em-card">
              <Empty icon={<MailOutlined />} title={t("empty.title")} text={t("empty.text")}>
                {link}
              </Empty>
            </div>
          )
        ) : accounts.isError ? (
          <div className="em-card">
            <Failure error={accounts.error} onRetry={() => void accounts.refetch()} />
          </div>
        ) : (
          <ul className="em-cards" aria-busy>
            {[1, 2].map((each) => (
              <li key={each} className="em-card">
                <Skeleton active avatar={{ shape: "square", size: 40 }} title={{ width: "40%" }} paragraph={{ rows: 1, width: "60%" }} />
              </li>
            ))}
          </ul>
        )}
      </div>
      <LinkDialog open={linking} onClose={() => setLinking(false)} />
    </div>
  );
}
