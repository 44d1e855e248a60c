import { unwrap } from "@plugin-host/client";
import { useState } from "react";

import { administer } from "../core/confirm.ts";
import { api, type Schemas } from "../core/host.ts";
import { useFormat, useLanguage } from "../core/i18n.ts";
import { useAction, useResource } from "../core/resource.ts";
import { useMe } from "../core/session.ts";
import { useTitle } from "../core/title.ts";
import { Button, CopyButton } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { DialogFoot } from "../ui/dialog-foot.tsx";
import { Field, SelectField, Switch, TextField } from "../ui/field.tsx";
import { Empty, Failure, Loaded, Note, Skeleton, Tag } from "../ui/states.tsx";

type Token = Schemas["Token"];

/** Days; nothing: for ever. */
const LIFETIMES = ["30", "90", "365", ""] as const;

export default function Tokens() {
  const { t } = useLanguage();
  const tokens = useResource("tokens", async (signal) => (await unwrap(api.GET("/api/tokens", { signal }))).items);
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Token>();
  useTitle(t("nav.tokens"));
  const make = (look: "main" | "plain") => (
    <Button look={look} icon="plus" onClick={() => setMaking(true)}>
      {t("tokens.make")}
    </Button>
  );
  return (
    <div className="shell-content">
      <div className="shell-head">
        <div>
          <h1>{t("nav.tokens")}</h1>
          <p>
            {t("tokens.text")} <a href="/api/openapi.json">{t("tokens.document")}</a>
          </p>
        </div>
        {make("main")}
      </div>
      <Loaded from={tokens} skeleton={<Skeleton rows={2} height={64} />}>
        {(items) =>
          items.length === 0 ? (
            <Empty icon="key" title={t("tokens.none")} action={make("plain")}>
              {t("tokens.none.text")}
            </Empty>
          ) : (
            <ul className="shell-rows">
              {items.map((token) => (
                <TokenRow key={token.id} token={token} onRevoke={() => setRevoking(token)} />
              ))}
            </ul>
          )
        }
      </Loaded>
      {making && (
        <MakeDialog
          onClose={() => setMaking(false)}
          onMade={tokens.reload}
        />
      )}
      {revoking !== undefined && (
        <RevokeDialog
          token={revoking}
          onClose={() => setRevoking(undefined)}
          onDone={() => {
            setRevoking(undefined);
            tokens.set((tokens.data ?? []).filter(({ id }) => id !== revoking.id));
          }}
        />
      )}
    </div>
  );
}

function TokenRow({ token, onRevoke }: { token: Token; onRevoke: () => void }) {
  const { t } = useLanguage();
  const { day, ago } = useFormat();
  const expired = token.expires_at !== null && token.expires_at !== undefined && token.expires_at <= Date.now();
  return (
    <li className="shell-row">
      <div className="shell-row-text">
        <strong>{token.name}</strong> {token.scopes.includes("admin") && <Tag look="warn">{t("tokens.admin")}</Tag>} {expired && <Tag look="bad">{t("tokens.expired")}</Tag>}
        <p className="shell-small">
          {t("tokens.made", { date: day(token.created_at) })} · {token.used_at === null || token.used_at === undefined ? t("tokens.unused") : t("tokens.used", { when: ago(token.used_at) })} ·{" "}
          {token.expires_at === null || token.expires_at === undefined ? t("tokens.for-ever") : t(expired ? "tokens.expired-at" : "tokens.until", { date: day(token.expires_at) })}
        </p>
      </div>
      <Button onClick={onRevoke} aria-label={t("tokens.revoke.named", { name: token.name })}>
        {t("tokens.revoke")}
      </Button>
    </li>
  );
}

function MakeDialog({ onClose, onMade }: { onClose: () => void; onMade: () => void }) {
  const { t } = useLanguage();
  const administrator = useMe().role === "administrator";
  const [name, setName] = useState("");
  const [days, setDays] = useState<string>("90");
  const [admin, setAdmin] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const [made, setMade] = useState<string>();
  const action = useAction(async () => {
    setWrong(name.trim() === "" ? t("field.required") : undefined);
    if (name.trim() === "") return;
    const body: Schemas["NewToken"] = { name: name.trim(), scopes: admin ? ["admin"] : [], ...(days === "" ? {} : { days: Number(days) }) };
    const { token } = await administer(() => unwrap(api.POST("/api/tokens", { body })));
    setMade(token);
    onMade();
  });
  if (made !== undefined) {
    return (
      <Dialog title={t("tokens.done", { name: name.trim() })} onClose={onClose} foot={<Button look="main" onClick={onClose}>{t("tokens.copied")}</Button>}>
        <Note look="warn" title={t("tokens.once")}>{t("tokens.once.text")}</Note>
        <Field label={t("tokens.token")}>
          {(ids) => (
            <span className="shell-with-button">
              <input {...ids} className="shell-input shell-code" readOnly value={made} data-autofocus onFocus={(event) => event.target.select()} />
              <CopyButton text={made} name={t("tokens.token")} />
            </span>
          )}
        </Field>
        <p className="shell-help">{t("tokens.how")}</p>
        <pre className="shell-example">Authorization: Bearer …</pre>
      </Dialog>
    );
  }
  const fields = action.problem?.fields ?? {};
  return (
    <Dialog
      title={t("tokens.make")}
      onClose={onClose}
      onSubmit={() => void action.run()}
      foot={<DialogFoot onClose={onClose} busy={action.busy} text={t("tokens.make.do")} />}
    >
      {action.problem !== undefined && Object.keys(fields).length === 0 && <Failure problem={action.problem} />}
      <TextField label={t("tokens.name")} help={t("tokens.name.help")} value={name} onValue={setName} maxLength={100} autoComplete="off" data-autofocus error={wrong ?? fields["name"]} />
      <SelectField label={t("tokens.lifetime")} value={days} onValue={setDays} error={fields["days"]} options={LIFETIMES.map((value) => ({ value, label: value === "" ? t("tokens.for-ever") : t("tokens.days", { count: Number(value) }) }))} />
      {administrator && <Switch label={t("tokens.admin.label")} help={t("tokens.admin.help")} checked={admin} onChecked={setAdmin} error={fields["scopes"]} />}
    </Dialog>
  );
}

function RevokeDialog({ token, onClose, onDone }: { token: Token; onClose: () => void; onDone: () => void }) {
  const { t } = useLanguage();
  const action = useAction(async () => {
    await unwrap(api.DELETE("/api/tokens/{id}", { params: { path: { id: token.id } } }));
    onDone();
  });
  return (
    <Dialog
      title={t("tokens.revoke.title", { name: token.name })}
      onClose={onClose}
      onSubmit={() => void action.run()}
      foot={<DialogFoot onClose={onClose} busy={action.busy} look="danger" careful text={t("tokens.revoke")} />}
    >
      {action.problem !== undefined && <Failure problem={action.problem} />}
      <p>{t("tokens.revoke.text")}</p>
    </Dialog>
  );
}
