/** What else narrows a list: account, folder, people, time, files. */
import Badge from "antd/es/badge";
import Button from "antd/es/button";
import Checkbox from "antd/es/checkbox";
import Popover from "antd/es/popover";
import Tooltip from "antd/es/tooltip";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { FilterIcon } from "./icons.tsx";
import { narrowings, noFilter, type Filter, type Place } from "./place.ts";
import type { Account, Folder } from "./types.ts";
import { folderName } from "./useViewTitle.ts";

interface Props {
  place: Place;
  accounts: readonly Account[];
  folders: readonly Folder[];
  onGo: (place: Place) => void;
}

export function Filters({ place, accounts, folders, onGo }: Props) {
  const { t } = useTranslation("mailbox");
  const [open, setOpen] = useState(false);
  const count = narrowings(place.filter);
  const apply = (filter: Filter) => {
    setOpen(false);
    onGo({ view: place.view, filter });
  };
  return (
    <Popover
      open={open}
      onOpenChange={setOpen}
      trigger="click"
      placement="bottomRight"
      arrow={false}
      destroyOnHidden
      title={t("filters")}
      content={<FilterForm place={place} accounts={accounts} folders={folders} onApply={apply} />}
    >
      <Tooltip title={open ? "" : t("filters")}>
        <Badge count={count} size="small" offset={[-6, 6]} color="var(--em-color-primary)">
          <Button type="text" aria-label={count === 0 ? t("filters") : t("filtersOn", { count })} icon={<FilterIcon />} />
        </Badge>
      </Tooltip>
    </Popover>
  );
}

interface FormProps {
  place: Place;
  accounts: readonly Account[];
  folders: readonly Folder[];
  onApply: (filter: Filter) => void;
}

function FilterForm({ place, accounts, folders, onApply }: FormProps) {
  const { t } = useTranslation("mailbox");
  const [filter, setFilter] = useState(place.filter);
  const [person, setPerson] = useState([...filter.addresses, ...filter.domains.map((domain) => `@${domain}`)].join(", "));
  const set = <K extends keyof Filter>(name: K, value: Filter[K] | undefined) =>
    setFilter(({ [name]: _, ...rest }) => ({ ...noFilter(), ...rest, ...(value === undefined || value === "" || value === false ? {} : { [name]: value }) }) as Filter);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const people = person.split(/[\s,;]+/).filter((each) => each !== "");
    const addresses = people.filter((each) => each.indexOf("@") > 0);
    const domains = people.filter((each) => each.indexOf("@") <= 0).map((each) => each.replace(/^@/, ""));
    onApply({ ...filter, addresses, domains });
  };
  const inSearch = place.view.kind === "search";
  return (
    <form className="mail-filters" onSubmit={submit}>
      {accounts.length > 1 ? (
        <label>
          <span>{t("filter.account")}</span>
          <select value={filter.account ?? ""} onChange={(event) => set("account", event.target.value)}>
            <option value="">{t("filter.everyAccount")}</option>
            {accounts.map((account) => (
              <option key={account.id} value={account.id}>
                {account.email}
              </option>
            ))}
          </select>
        </label>
      ) : null}
      {inSearch ? (
        <label>
          <span>{t("filter.folder")}</span>
          <select value={filter.folder ?? ""} onChange={(event) => set("folder", event.target.value)}>
            <option value="">{t("filter.everywhere")}</option>
            {accounts.map((account) => (
              <optgroup key={account.id} label={account.email}>
                {folders
                  .filter((folder) => folder.account === account.id)
                  .map((folder) => (
                    <option key={folder.id} value={folder.id}>
                      {folderName(folder, t)}
                    </option>
                  ))}
              </optgroup>
            ))}
          </select>
        </label>
      ) : null}
      <label>
        <span>{t("filter.person")}</span>
        <input type="text" value={person} placeholder={t("filter.personHint")} onChange={(event) => setPerson(event.target.value)} spellCheck={false} autoCapitalize="off" />
      </label>
      <div className="mail-filters-pair">
        <label>
          <span>{t("filter.after")}</span>
          <input type="date" value={filter.after ?? ""} max={filter.before} onChange={(event) => set("after", event.target.value)} />
        </label>
        <label>
          <span>{t("filter.before")}</span>
          <input type="date" value={filter.before ?? ""} min={filter.after} onChange={(event) => set("before", event.target.value)} />
        </label>
      </div>
      <div className="mail-filters-checks">
        {(["unread", "starred", "attachments"] as const).map((name) => (
          <Checkbox key={name} checked={filter[name] === true} onChange={(event) => set(name, event.target.checked)}>
            {t(`filter.${name}`)}
          </Checkbox>
        ))}
      </div>
      <div className="mail-filters-foot">
        <Button onClick={() => onApply({ ...noFilter(), ...(filter.q === undefined ? {} : { q: filter.q }) })}>{t("clearFilters")}</Button>
        <Button type="primary" htmlType="submit">
          {t("applyFilters")}
        </Button>
      </div>
    </form>
  );
}
