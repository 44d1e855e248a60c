import ReloadOutlined from "@ant-design/icons/es/icons/ReloadOutlined";
import App from "antd/es/app";
import Button from "antd/es/button";
import Input from "antd/es/input";
import Tag from "antd/es/tag";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { useChangeAccount, useRefreshAliases, type Account } from "../../api/accounts.ts";
import { Problem } from "@plugin-host/client";
import { useProblemLine } from "../../shared/problem.ts";
import { companyOf } from "../Provider.tsx";
import { reachable } from "../status.ts";
import { Signature } from "./Signature.tsx";

/** What recipients see: name, address, signature. */
export function Sender({ account }: { account: Account }) {
  return (
    <div className="em-sections">
      <Name account={account} />
      <Aliases account={account} />
      <Signature account={account} />
    </div>
  );
}

function Name({ account }: { account: Account }) {
  const { t } = useTranslation("accounts");
  const { message } = App.useApp();
  const line = useProblemLine();
  const change = useChangeAccount(account.id);
  const [name, setName] = useState<string>();
  const typed = name ?? account.display_name;
  const changed = typed.trim() !== account.display_name;
  const wrong = change.error instanceof Problem ? line(change.error) : undefined;

  const save = (event: FormEvent) => {
    event.preventDefault();
    change.mutate(
      { display_name: typed.trim() },
      {
        onSuccess: () => {
          setName(undefined);
          void message.success(t("saved", { ns: "common" }));
        },
      },
    );
  };
  return (
    <section className="em-card" aria-labelledby="em-name">
      <h2 id="em-name">{t("sender.name")}</h2>
      <form className="em-inline-form" onSubmit={save}>
        <Input
          value={typed}
          maxLength={200}
          aria-labelledby="em-name"
          aria-describedby="em-name-hint"
          aria-invalid={wrong !== undefined}
          status={wrong === undefined ? "" : "error"}
          autoComplete="name"
          onChange={(event) => setName(event.target.value)}
        />
        <Button type="primary" htmlType="submit" disabled={!changed} loading={change.isPending}>
          {t("save", { ns: "common" })}
        </Button>
      </form>
      <p className={wrong === undefined ? "em-hint" : "em-error"} id="em-name-hint" role={wrong === undefined ? undefined : "alert"}>
        {wrong ?? t("sender.preview", { who: typed.trim() === "" ? account.email : `${typed.trim()} <${account.email}>` })}
      </p>
    </section>
  );
}

function Aliases({ account }: { account: Account }) {
  const { t } = useTranslation("accounts");
  const { message } = App.useApp();
  const line = useProblemLine();
  const refresh = useRefreshAliases(account.id);
  const addresses = [...new Set([account.email, ...account.aliases])];
  return (
    <section className="em-card" aria-labelledby="em-aliases">
      <div className="em-card-head">
        <h2 id="em-aliases">{t("aliases.title")}</h2>
        <Button
          icon={<ReloadOutlined />}
          loading={refresh.isPending}
          disabled={!reachable(account)}
          onClick={() => refresh.mutate(undefined, { onSuccess: () => void message.success(t("aliases.refreshed")), onError: (error) => void message.error(line(error)) })}
        >
          {t("aliases.refresh")}
        </Button>
      </div>
      <ul className="em-tags">
        {addresses.map((address) => (
          <li key={address}>
            <Tag>{address}</Tag>
          </li>
        ))}
      </ul>
      <p className="em-hint">{t("aliases.hint", { company: companyOf(account.provider) })}</p>
    </section>
  );
}
