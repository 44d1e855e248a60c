import { unwrap } from "@plugin-host/client";
import { useState } from "react";

import { recognise } from "../core/account.ts";
import { administer } from "../core/confirm.ts";
import { api, type Person, type Schemas } from "../core/host.ts";
import { LOCALE_NAMES, LOCALES, useLanguage } from "../core/i18n.ts";
import { useAction } from "../core/resource.ts";
import { SHORTEST_PASSWORD } from "../frame/password.tsx";
import { Button, CopyButton } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { DialogFoot } from "../ui/dialog-foot.tsx";
import { Field, PasswordField, SelectField, Switch, TextField } from "../ui/field.tsx";
import { Failure, Note } from "../ui/states.tsx";

type Role = Person["role"];

/** Without letters and digits that are mistaken for each other when read out. */
const LETTERS = "abcdefghjkmnpqrstuvwxyz23456789";

/** A password that can be read out: 16 of 31 signs, about 79 bits. */
export function proposePassword(): string {
  const signs: string[] = [];
  while (signs.length < 16) {
    // Those beyond the last whole multiple would make the first signs likelier.
    for (const byte of crypto.getRandomValues(new Uint8Array(32))) {
      const sign = byte < 248 ? LETTERS[byte % LETTERS.length] : undefined;
      if (sign !== undefined && signs.length < 16) signs.push(sign);
    }
  }
  return signs.join("").replace(/(.{4})(?=.)/g, "$1-");
}

function RoleField({ value, onValue, error }: { value: Role; onValue: (role: Role) => void; error?: string | undefined }) {
  const { t } = useLanguage();
  return (
    <SelectField
      label={t("users.role")}
      help={t(value === "administrator" ? "role.administrator.help" : "role.member.help")}
      value={value}
      error={error}
      onValue={(next) => onValue(next === "administrator" ? "administrator" : "member")}
      options={[
        { value: "member", label: t("role.member") },
        { value: "administrator", label: t("role.administrator") },
      ]}
    />
  );
}

export function AddDialog({ onClose, onDone }: { onClose: () => void; onDone: (person: Person) => void }) {
  const { t, locale: own } = useLanguage();
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("member");
  const [locale, setLocale] = useState<string>(own);
  const [password, setPassword] = useState(proposePassword);
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [added, setAdded] = useState<Person>();
  const action = useAction(async () => {
    const found: Record<string, string> = {};
    if (name.trim() === "") found["name"] = t("field.required");
    if (!/^\S+@\S+$/.test(email.trim())) found["email"] = t("field.email");
    if ([...password].length < SHORTEST_PASSWORD) found["password"] = t("password.short", { count: SHORTEST_PASSWORD });
    setWrong(found);
    if (Object.keys(found).length > 0) return;
    const body: Schemas["NewPerson"] = { name: name.trim(), email: email.trim(), role, locale, password };
    setAdded(await administer(() => unwrap(api.POST("/api/users", { body }))));
  });
  const errors = { ...(action.problem?.fields ?? {}), ...wrong };
  if (added !== undefined) {
    return (
      <Dialog title={t("users.added", { name: added.name })} onClose={() => onDone(added)} foot={<Button look="main" onClick={() => onDone(added)}>{t("close")}</Button>}>
        <p>{t("users.added.text")}</p>
        <Given email={added.email} password={password} />
      </Dialog>
    );
  }
  return (
    <Dialog title={t("users.add")} onClose={onClose} onSubmit={() => void action.run()} locked={action.busy} foot={<DialogFoot onClose={onClose} busy={action.busy} text={t("users.add.do")} />}>
      {action.problem !== undefined && Object.keys(action.problem.fields).length === 0 && <Failure problem={action.problem} />}
      <TextField label={t("users.name")} value={name} onValue={setName} maxLength={200} autoComplete="off" data-autofocus error={errors["name"]} />
      <TextField label={t("users.email")} help={t("users.email.help")} type="email" value={email} onValue={setEmail} autoComplete="off" autoCapitalize="none" spellCheck={false} error={errors["email"]} />
      <RoleField value={role} onValue={setRole} error={errors["role"]} />
      <SelectField label={t("profile.language")} value={locale} onValue={setLocale} options={LOCALES.map((known) => ({ value: known, label: LOCALE_NAMES[known] }))} />
      <PasswordField label={t("users.password")} help={t("users.password.help")} value={password} onValue={setPassword} autoComplete="new-password" error={errors["password"]} />
    </Dialog>
  );
}

/** What is to be handed over, once. */
function Given({ email, password }: { email: string; password: string }) {
  const { t } = useLanguage();
  return (
    <>
      <Field label={t("users.email")}>{(ids) => <input {...ids} className="shell-input" readOnly value={email} />}</Field>
      <Field label={t("password")}>
        {(ids) => (
          <span className="shell-with-button">
            <input {...ids} className="shell-input shell-code" readOnly value={password} onFocus={(event) => event.target.select()} data-autofocus />
            <CopyButton text={password} name={t("password")} />
          </span>
        )}
      </Field>
    </>
  );
}

export function EditDialog({ person, self, onClose, onDone }: { person: Person; self: boolean; onClose: () => void; onDone: (person: Person) => void }) {
  const { t } = useLanguage();
  const [name, setName] = useState(person.name);
  const [role, setRole] = useState<Role>(person.role);
  const [disabled, setDisabled] = useState(person.disabled);
  const [wrong, setWrong] = useState<string>();
  const action = useAction(async () => {
    setWrong(name.trim() === "" ? t("field.required") : undefined);
    if (name.trim() === "") return;
    const body: Schemas["PersonChange"] = { name: name.trim(), role, disabled };
    const changed = await administer(() => unwrap(api.PATCH("/api/users/{id}", { params: { path: { id: person.id } }, body })));
    onDone(changed);
    // One's own name is in the corner, and one's own role decides about the menu.
    if (self) await recognise();
  });
  const fields = action.problem?.fields ?? {};
  return (
    <Dialog title={t("users.edit.title", { name: person.name })} onClose={onClose} onSubmit={() => void action.run()} locked={action.busy} foot={<DialogFoot onClose={onClose} busy={action.busy} text={t("save")} />}>
      {action.problem !== undefined && Object.keys(fields).length === 0 && <Failure problem={action.problem} />}
      <TextField label={t("users.name")} value={name} onValue={setName} maxLength={200} autoComplete="off" data-autofocus error={wrong ?? fields["name"]} />
      <RoleField value={role} onValue={setRole} error={fields["role"]} />
      {self && role !== person.role && <Note look="warn" title={t("users.own-role")} />}
      {!self && <Switch label={t("users.may-sign-in")} help={t("users.may-sign-in.help")} checked={!disabled} onChecked={(on) => setDisabled(!on)} />}
    </Dialog>
  );
}

export function ResetDialog({ person, onClose }: { person: Person; onClose: () => void }) {
  const { t } = useLanguage();
  const [password, setPassword] = useState(proposePassword);
  const [wrong, setWrong] = useState<string>();
  const [done, setDone] = useState(false);
  const action = useAction(async () => {
    const short = [...password].length < SHORTEST_PASSWORD;
    setWrong(short ? t("password.short", { count: SHORTEST_PASSWORD }) : undefined);
    if (short) return;
    await administer(() => unwrap(api.PATCH("/api/users/{id}", { params: { path: { id: person.id } }, body: { password } })));
    setDone(true);
  });
  if (done) {
    return (
      <Dialog title={t("users.reset.done", { name: person.name })} onClose={onClose} foot={<Button look="main" onClick={onClose}>{t("close")}</Button>}>
        <p>{t("users.added.text")}</p>
        <Given email={person.email} password={password} />
      </Dialog>
    );
  }
  const fields = action.problem?.fields ?? {};
  return (
    <Dialog title={t("users.reset.title", { name: person.name })} onClose={onClose} onSubmit={() => void action.run()} locked={action.busy} foot={<DialogFoot onClose={onClose} busy={action.busy} text={t("users.reset.do")} />}>
      {action.problem !== undefined && Object.keys(fields).length === 0 && <Failure problem={action.problem} />}
      <p>{t("users.reset.text")}</p>
      <PasswordField label={t("password.new")} help={t("users.password.help")} value={password} onValue={setPassword} autoComplete="new-password" data-autofocus error={wrong ?? fields["password"]} />
    </Dialog>
  );
}

export function RemoveUserDialog({ person, onClose, onDone }: { person: Person; onClose: () => void; onDone: () => void }) {
  const { t } = useLanguage();
  const [typed, setTyped] = useState("");
  const [wrong, setWrong] = useState(false);
  const action = useAction(async () => {
    const unsure = typed.trim().toLowerCase() !== person.email.toLowerCase();
    setWrong(unsure);
    if (unsure) return;
    await administer(async () => {
      await unwrap(api.DELETE("/api/users/{id}", { params: { path: { id: person.id } } }));
    });
    onDone();
  });
  return (
    <Dialog title={t("users.remove.title", { name: person.name })} onClose={onClose} onSubmit={() => void action.run()} locked={action.busy} foot={<DialogFoot onClose={onClose} busy={action.busy} look="danger" text={t("users.remove.do")} />}>
      {action.problem !== undefined && <Failure problem={action.problem} />}
      <p>{t("users.remove.text")}</p>
      <TextField label={t("users.remove.type", { email: person.email })} value={typed} onValue={setTyped} autoComplete="off" autoCapitalize="none" spellCheck={false} data-autofocus error={wrong ? t("users.remove.wrong") : undefined} />
    </Dialog>
  );
}
