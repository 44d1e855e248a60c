import { unwrap } from "@plugin-host/client";
import { useMemo, useState } from "react";

import { api, type Person } from "../core/host.ts";
import { useFormat, useLanguage } from "../core/i18n.ts";
import { useResource } from "../core/resource.ts";
import { useMe } from "../core/session.ts";
import { useTitle } from "../core/title.ts";
import { initials } from "../frame/profile.tsx";
import { Button } from "../ui/button.tsx";
import { SearchField } from "../ui/field.tsx";
import { Empty, Loaded, Skeleton, Tag } from "../ui/states.tsx";
import { AddDialog, EditDialog, ResetDialog, RemoveUserDialog } from "./users-dialogs.tsx";

/** With fewer one sees them all. */
const SEARCHABLE = 6;

export default function Users() {
  const { t } = useLanguage();
  const me = useMe();
  const users = useResource("users", async (signal) => (await unwrap(api.GET("/api/users", { signal }))).items);
  const [query, setQuery] = useState("");
  const [dialog, setDialog] = useState<{ what: "add" } | { what: "edit" | "reset" | "remove"; person: Person }>();
  useTitle(t("nav.users"));
  const close = () => setDialog(undefined);
  const put = (person: Person) => {
    const known = users.data ?? [];
    users.set(known.some(({ id }) => id === person.id) ? known.map((old) => (old.id === person.id ? person : old)) : [...known, person]);
    close();
  };
  const shown = useMemo(() => {
    const words = query.toLocaleLowerCase().split(/\s+/);
    return (users.data ?? []).filter(({ name, email }) => words.every((word) => `${name} ${email}`.toLocaleLowerCase().includes(word)));
  }, [users.data, query]);
  return (
    <div className="shell-content">
      <div className="shell-head">
        <div>
          <h1>{t("nav.users")}</h1>
          <p>{t("users.text")}</p>
        </div>
        <Button look="main" icon="plus" onClick={() => setDialog({ what: "add" })}>
          {t("users.add")}
        </Button>
      </div>
      <Loaded from={users} skeleton={<Skeleton rows={3} height={68} />}>
        {(all) => (
          <>
            {all.length >= SEARCHABLE && <SearchField label={t("users.search")} value={query} onValue={setQuery} />}
            {shown.length === 0 ? (
              <Empty icon="search" title={t("plugins.no-match", { query })} />
            ) : (
              <ul className="shell-rows">
                {shown.map((person) => (
                  <UserRow key={person.id} person={person} self={person.id === me.id} onDialog={(what) => setDialog({ what, person })} />
                ))}
              </ul>
            )}
          </>
        )}
      </Loaded>
      {dialog?.what === "add" && <AddDialog onClose={close} onDone={put} />}
      {dialog?.what === "edit" && <EditDialog person={dialog.person} self={dialog.person.id === me.id} onClose={close} onDone={put} />}
      {dialog?.what === "reset" && <ResetDialog person={dialog.person} onClose={close} />}
      {dialog?.what === "remove" && (
        <RemoveUserDialog
          person={dialog.person}
          onClose={close}
          onDone={() => {
            users.set((users.data ?? []).filter(({ id }) => id !== dialog.person.id));
            close();
          }}
        />
      )}
    </div>
  );
}

function UserRow({ person, self, onDialog }: { person: Person; self: boolean; onDialog: (what: "edit" | "reset" | "remove") => void }) {
  const { t } = useLanguage();
  const { day } = useFormat();
  return (
    <li className={person.disabled ? "shell-row shell-row-off" : "shell-row"}>
      <span className="shell-initials" aria-hidden="true">
        {initials(person.name)}
      </span>
      <div className="shell-row-text">
        <strong>{person.name}</strong> {self && <Tag>{t("users.you")}</Tag>} {person.role === "administrator" && <Tag look="good">{t("role.administrator")}</Tag>} {person.disabled && <Tag look="warn">{t("users.disabled")}</Tag>}
        <p className="shell-small">
          {person.email} · {t("users.since", { date: day(person.created_at) })}
        </p>
      </div>
      <div className="shell-actions">
        <Button onClick={() => onDialog("edit")} aria-label={t("users.edit.named", { name: person.name })}>
          {t("users.edit")}
        </Button>
        {!self && (
          <>
            <Button look="quiet" onClick={() => onDialog("reset")} aria-label={t("users.reset.named", { name: person.name })}>
              {t("users.reset")}
            </Button>
            <Button look="quiet" onClick={() => onDialog("remove")} aria-label={t("users.remove.named", { name: person.name })}>
              {t("users.remove")}
            </Button>
          </>
        )}
      </div>
    </li>
  );
}
