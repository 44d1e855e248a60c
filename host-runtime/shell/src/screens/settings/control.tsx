import { useLanguage } from "../../core/i18n.ts";
import { Button, CopyButton } from "../../ui/button.tsx";
import { Field, PasswordField, SelectField, Switch, TextField } from "../../ui/field.tsx";
import { Tag } from "../../ui/states.tsx";
import type { SettingsField, Value } from "./model.ts";

interface Props {
  field: SettingsField;
  /** What was typed and not saved; nothing if it is as it was read. */
  edited: Value | undefined;
  error: string | undefined;
  onEdited: (value: Value | undefined) => void;
}

export function SettingsControl({ field, edited, error, onEdited }: Props) {
  const { t } = useLanguage();
  const { label, help } = field;
  const text = String(edited ?? field.value ?? "");
  const optional = !field.required;
  switch (field.control) {
    case "text":
      return <TextField label={label} help={help} error={error} optional={optional} value={text} onValue={onEdited} autoComplete="off" spellCheck={false} />;
    case "integer":
      return (
        <TextField
          label={label}
          help={help}
          error={error}
          inputMode="numeric"
          value={text}
          onValue={onEdited}
          autoComplete="off"
        />
      );
    case "toggle":
      return <Switch label={label} help={help} error={error} checked={(edited ?? field.value) === true} onChecked={onEdited} />;
    case "choice":
      return (
        <SelectField
          label={label}
          help={help}
          error={error}
          value={text}
          onValue={onEdited}
          options={[...(text === "" ? [{ value: "", label: t("choose") }] : []), ...(field.choices ?? [])]}
        />
      );
    case "copyable":
      return (
        <Field label={label} help={help}>
          {(ids) => (
            <span className="shell-with-button">
              <input {...ids} className="shell-input shell-code" readOnly value={String(field.value ?? "")} onFocus={(event) => event.target.select()} />
              <CopyButton text={String(field.value ?? "")} name={label} />
            </span>
          )}
        </Field>
      );
    case "secret":
      return <Secret field={field} edited={edited} error={error} onEdited={onEdited} />;
  }
}

/** Never shown: it is there or not, and can be replaced. */
function Secret({ field, edited, error, onEdited }: Props) {
  const { t } = useLanguage();
  const stored = field.value === true;
  if (stored && edited === undefined) {
    return (
      <Field label={field.label} help={field.help} error={error}>
        {(ids) => (
          <span className="shell-secret">
            <Tag look="good">{t("secret.stored")}</Tag>
            <Button {...ids} aria-label={t("secret.replace.named", { name: field.label })} onClick={() => onEdited("")}>
              {t("secret.replace")}
            </Button>
            {!field.required && (
              <Button look="quiet" aria-label={t("secret.delete.named", { name: field.label })} onClick={() => onEdited(false)}>
                {t("secret.delete")}
              </Button>
            )}
          </span>
        )}
      </Field>
    );
  }
  if (edited === false && stored) {
    return (
      <Field label={field.label} help={field.help} error={error}>
        {(ids) => (
          <span className="shell-secret">
            <Tag look="warn">{t("secret.will-go")}</Tag>
            <Button {...ids} onClick={() => onEdited(undefined)}>
              {t("secret.keep")}
            </Button>
          </span>
        )}
      </Field>
    );
  }
  return (
    <div className="shell-secret-edit">
      <PasswordField label={field.label} help={field.help} error={error} value={typeof edited === "string" ? edited : ""} onValue={(value) => onEdited(value === "" && !stored ? undefined : value)} autoComplete="off" autoFocus={stored} data-1p-ignore="" />
      {stored && (
        <Button look="quiet" onClick={() => onEdited(undefined)}>
          {t("secret.keep")}
        </Button>
      )}
    </div>
  );
}
