import type { InputHTMLAttributes, ReactNode, SelectHTMLAttributes } from "react";
import { useId, useState } from "react";

import { useLanguage } from "../core/i18n.ts";
import { IconButton } from "./button.tsx";

interface Around {
  label: string;
  help?: ReactNode;
  /** What is wrong with what is in it. */
  error?: string | undefined;
  optional?: boolean;
}

interface Ids {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": true | undefined;
}

/** A label, a control, a help text and what is wrong, tied together for screen readers. */
export function Field({ label, help, error, optional = false, children }: Around & { children: (ids: Ids) => ReactNode }) {
  const { t } = useLanguage();
  const id = useId();
  const described = [help === undefined || help === "" ? "" : `${id}-help`, error === undefined ? "" : `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className={error === undefined ? "shell-field" : "shell-field shell-field-wrong"}>
      <label htmlFor={id}>
        {label}
        {optional && <span className="shell-optional"> {t("optional")}</span>}
      </label>
      {children({ id, "aria-describedby": described === "" ? undefined : described, "aria-invalid": error === undefined ? undefined : true })}
      {error !== undefined && (
        <p className="shell-error" id={`${id}-error`}>
          {error}
        </p>
      )}
      {help !== undefined && help !== "" && (
        <p className="shell-help" id={`${id}-help`}>
          {help}
        </p>
      )}
    </div>
  );
}

type TextProps = Around & { value: string; onValue: (value: string) => void } & Omit<InputHTMLAttributes<HTMLInputElement>, "value" | "onChange" | "id">;

export function TextField({ label, help, error, optional, value, onValue, ...rest }: TextProps) {
  return (
    <Field label={label} help={help} error={error} optional={optional ?? false}>
      {(ids) => <input type="text" {...rest} {...ids} className="shell-input" value={value} onChange={(event) => onValue(event.target.value)} />}
    </Field>
  );
}

/** A password, which its owner may look at. */
export function PasswordField({ label, help, error, value, onValue, ...rest }: TextProps) {
  const { t } = useLanguage();
  const [shown, setShown] = useState(false);
  return (
    <Field label={label} help={help} error={error}>
      {(ids) => (
        <span className="shell-with-button">
          <input {...rest} {...ids} type={shown ? "text" : "password"} className="shell-input" value={value} onChange={(event) => onValue(event.target.value)} spellCheck={false} autoCapitalize="none" />
          <button type="button" className="shell-inside-button" aria-pressed={shown} onClick={() => setShown(!shown)}>
            {shown ? t("password.hide") : t("password.show")}
          </button>
        </span>
      )}
    </Field>
  );
}

export function SelectField({ label, help, error, value, onValue, options, ...rest }: Around & { value: string; onValue: (value: string) => void; options: readonly { value: string; label: string }[] } & Omit<SelectHTMLAttributes<HTMLSelectElement>, "value" | "onChange" | "id">) {
  return (
    <Field label={label} help={help} error={error}>
      {(ids) => (
        <select {...rest} {...ids} className="shell-input shell-select" value={value} onChange={(event) => onValue(event.target.value)}>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** On or off. */
export function Switch({ label, help, checked, onChecked, error, disabled = false }: { label: ReactNode; help?: ReactNode; checked: boolean; onChecked: (checked: boolean) => void; error?: string | undefined; disabled?: boolean }) {
  const id = useId();
  const described = [help === undefined || help === "" ? "" : `${id}-help`, error === undefined ? "" : `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className="shell-switch">
      <input type="checkbox" role="switch" id={id} checked={checked} disabled={disabled} aria-describedby={described === "" ? undefined : described} aria-invalid={error !== undefined || undefined} onChange={(event) => onChecked(event.target.checked)} />
      <div>
        <label htmlFor={id}>{label}</label>
        {error !== undefined && (
          <p className="shell-error" id={`${id}-error`}>
            {error}
          </p>
        )}
        {help !== undefined && help !== "" && (
          <p className="shell-help" id={`${id}-help`}>
            {help}
          </p>
        )}
      </div>
    </div>
  );
}

export function SearchField({ label, value, onValue }: { label: string; value: string; onValue: (value: string) => void }) {
  const { t } = useLanguage();
  return (
    <span className="shell-with-button shell-search">
      <input type="search" className="shell-input" placeholder={label} aria-label={label} value={value} onChange={(event) => onValue(event.target.value)} />
      {value !== "" && <IconButton className="shell-inside-icon" icon="close" name={t("clear")} onClick={() => onValue("")} />}
    </span>
  );
}
