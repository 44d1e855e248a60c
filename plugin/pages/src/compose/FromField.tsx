import { useTranslation } from "react-i18next";
import { can, type Account } from "../mailbox/types.ts";
import type { Content } from "./content.ts";

interface Props {
  accounts: readonly Account[];
  content: Content;
  onChange: (account: Account, sender: string | undefined) => void;
  /** For accounts without a name of their own. */
  own: string;
}

/** From which account and address; not shown where there is no choice. */
export function FromField({ accounts, content, onChange, own }: Props) {
  const { t } = useTranslation("compose");
  // An answer goes out from the account that has the message.
  const offered = content.relation === undefined ? accounts.filter((account) => can(account, "send")) : accounts.filter((account) => account.id === content.account);
  const choices = offered.flatMap((account) => [account.email, ...account.aliases.filter((alias) => alias.toLowerCase() !== account.email.toLowerCase())].map((email, index) => ({ account, email, main: index === 0 })));
  if (choices.length < 2) return null;
  const value = choices.findIndex((choice) => choice.account.id === content.account && (content.sender === undefined ? choice.main : choice.email.toLowerCase() === content.sender.toLowerCase()));
  return (
    <label className="compose-field">
      <span className="compose-field-name">{t("from")}</span>
      <select
        value={value}
        onChange={(event) => {
          const choice = choices[Number(event.target.value)];
          if (choice !== undefined) onChange(choice.account, choice.main ? undefined : choice.email);
        }}
      >
        {choices.map((choice, index) => (
          <option key={`${choice.account.id} ${choice.email}`} value={index}>
            {`${choice.account.display_name === "" ? own : choice.account.display_name} <${choice.email}>`}
          </option>
        ))}
      </select>
    </label>
  );
}
