import { useState, type ReactNode } from "react";

import type { Grants, Manifest } from "../../core/host.ts";
import { useFormat, useLanguage, type Key } from "../../core/i18n.ts";
import { Advanced } from "../../ui/advanced.tsx";
import { Button, IconButton } from "../../ui/button.tsx";
import { Switch, TextField } from "../../ui/field.tsx";
import { Icon, type IconName } from "../../ui/icon.tsx";
import { Tag } from "../../ui/states.tsx";
import { compare, isOrigin } from "./compare.ts";

const MIB = 1 << 20;

interface Props {
  manifest: Manifest;
  /** What it asks for. */
  wanted: Grants;
  /** What it had before this. */
  before: Grants | null | undefined;
  /** What to call what it did not have. */
  missing: Key;
  value: Grants;
  onValue: (value: Grants) => void;
  /** The host's word on a field. */
  errors: Record<string, string>;
}

/** What a plugin would be allowed, in plain words, to be approved or left out. */
export function GrantsForm({ manifest, wanted, before, missing: word, value, onValue, errors }: Props) {
  const { t } = useLanguage();
  const { bytes, seconds } = useFormat();
  const origins = value.origins ?? [];
  const paths = value.paths ?? [];
  const wantedOrigins = (wanted.origins ?? []).map(({ origin }) => origin);
  const added = origins.filter(({ origin }) => !wantedOrigins.includes(origin));
  const compared = compare(wanted, before);
  const isNew = (missing: boolean) => before !== null && before !== undefined && missing && <Tag look="warn">{t(word)}</Tag>;
  const set = (change: Partial<Grants>) => onValue({ ...value, ...change });
  const toggleOrigin = (origin: string, on: boolean) => set({ origins: on ? [...origins, { origin, internal: false }] : origins.filter((known) => known.origin !== origin) });

  return (
    <div className="shell-approve">
      {wantedOrigins.length > 0 && (
        <Group icon="globe" name={t("grant.origins")} help={t("grant.origins.help")} error={errors["origins"]}>
          {wantedOrigins.map((origin) => (
            <Check key={origin} checked={origins.some((known) => known.origin === origin)} onChecked={(on) => toggleOrigin(origin, on)}>
              <code>{origin}</code> {isNew(compared.origins.some(({ value: known, standing }) => known === origin && standing === "missing"))}
            </Check>
          ))}
        </Group>
      )}
      {(wanted.paths ?? []).length > 0 && (
        <Group icon="right" name={t("grant.paths")} help={t("grant.paths.help")} error={errors["paths"]}>
          {(wanted.paths ?? []).map((path) => (
            <Check key={path} checked={paths.includes(path)} onChecked={(on) => set({ paths: on ? [...paths, path] : paths.filter((known) => known !== path) })}>
              <code>{path}</code> {isNew(compared.paths.some(({ value: known, standing }) => known === path && standing === "missing"))}
            </Check>
          ))}
        </Group>
      )}
      {manifest.pages && (
        <Group icon="page" name={t("grant.pages")} help={t("grant.pages.help")} error={errors["pages"]}>
          <Check checked={value.pages ?? false} onChecked={(on) => set({ pages: on })}>
            {t("grant.pages.show")} {isNew(compared.pages === "missing")}
          </Check>
        </Group>
      )}
      <Group icon="disk" name={t("grant.limits")} help={t("grant.limits.help")}>
        <p>
          {t("grant.limits.text", { storage: bytes(value.storage_bytes), memory: bytes(value.memory_bytes), time: seconds(value.call_seconds) })}{" "}
          {isNew(compared.storage.standing === "missing" || compared.memory.standing === "missing" || compared.seconds.standing === "missing")}
        </p>
      </Group>
      <Advanced needed={["storage_bytes", "memory_bytes", "call_seconds"].some((field) => errors[field] !== undefined) || added.length > 0}>
        <div className="shell-three">
          <Amount label={t("grant.storage.mib")} value={value.storage_bytes} unit={MIB} error={errors["storage_bytes"]} onValue={(storage_bytes) => set({ storage_bytes })} />
          <Amount label={t("grant.memory.mib")} value={value.memory_bytes} unit={MIB} error={errors["memory_bytes"]} onValue={(memory_bytes) => set({ memory_bytes })} />
          <Amount label={t("grant.seconds.s")} value={value.call_seconds} unit={1} error={errors["call_seconds"]} onValue={(call_seconds) => set({ call_seconds })} />
        </div>
        <MoreOrigins added={added} all={origins} onOrigins={(next) => set({ origins: next })} />
      </Advanced>
    </div>
  );
}

/** Servers that the plugin does not name, and which servers may be inside this network. */
function MoreOrigins({ added, all, onOrigins }: { added: NonNullable<Grants["origins"]>; all: NonNullable<Grants["origins"]>; onOrigins: (origins: NonNullable<Grants["origins"]>) => void }) {
  const { t } = useLanguage();
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState(false);
  const add = () => {
    const origin = text.trim().replace(/\/$/, "");
    setWrong(!isOrigin(origin));
    if (!isOrigin(origin)) return;
    if (all.every((known) => known.origin !== origin)) onOrigins([...all, { origin, internal: false }]);
    setText("");
  };
  return (
    <>
      <h3>{t("grant.extra")}</h3>
      <p className="shell-help">{t("grant.extra.help")}</p>
      {added.map(({ origin }) => (
        <p key={origin} className="shell-added">
          <code>{origin}</code>
          <IconButton icon="close" name={t("grant.extra.remove", { origin })} onClick={() => onOrigins(all.filter((known) => known.origin !== origin))} />
        </p>
      ))}
      <div className="shell-add-origin">
        <TextField
          label={t("grant.extra.label")}
          placeholder="https://mail.example.com"
          inputMode="url"
          autoCapitalize="none"
          spellCheck={false}
          value={text}
          onValue={setText}
          error={wrong ? t("grant.extra.wrong") : undefined}
          onKeyDown={(event) => {
            // Adds it, rather than approving everything.
            if (event.key === "Enter") {
              event.preventDefault();
              add();
            }
          }}
        />
        <Button icon="plus" onClick={add}>
          {t("grant.extra.add")}
        </Button>
      </div>
      {all.length > 0 && (
        <>
          <h3>{t("grant.internal")}</h3>
          <p className="shell-help">{t("grant.internal.help")}</p>
          {all.map(({ origin, internal }) => (
            <Switch key={origin} label={<code>{origin}</code>} checked={internal ?? false} onChecked={(on) => onOrigins(all.map((known) => (known.origin === origin ? { origin, internal: on } : known)))} />
          ))}
        </>
      )}
    </>
  );
}

function Group({ icon, name, help, error, children }: { icon: IconName; name: string; help: string; error?: string | undefined; children: ReactNode }) {
  return (
    <fieldset className="shell-group">
      <legend>
        <Icon name={icon} size={18} /> {name}
      </legend>
      <p className="shell-help">{help}</p>
      {error !== undefined && <p className="shell-error" role="alert">{error}</p>}
      {children}
    </fieldset>
  );
}

function Check({ checked, onChecked, children }: { checked: boolean; onChecked: (on: boolean) => void; children: ReactNode }) {
  return (
    <label className="shell-check">
      <input type="checkbox" checked={checked} onChange={(event) => onChecked(event.target.checked)} />
      <span>{children}</span>
    </label>
  );
}

/** A number in a unit that people think in. */
function Amount({ label, value, unit, error, onValue }: { label: string; value: number; unit: number; error?: string | undefined; onValue: (value: number) => void }) {
  const { t } = useLanguage();
  const [text, setText] = useState(String(Math.round(value / unit)));
  const number = Number(text);
  const wrong = text.trim() === "" || !Number.isInteger(number) || number < 1;
  return (
    <TextField
      label={label}
      inputMode="numeric"
      value={text}
      onValue={(next) => {
        setText(next);
        const parsed = Number(next);
        if (next.trim() !== "" && Number.isInteger(parsed) && parsed >= 1) onValue(parsed * unit);
      }}
      error={error ?? (wrong ? t("field.number") : undefined)}
    />
  );
}
