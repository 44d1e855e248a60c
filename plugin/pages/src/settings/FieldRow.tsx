import Input from "antd/es/input";
import InputNumber from "antd/es/input-number";
import Radio from "antd/es/radio";
import Select from "antd/es/select";
import Switch from "antd/es/switch";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import type { Field, Section, Value } from "../api/settings.ts";
import { CopyButton } from "../shared/CopyButton.tsx";
import { SecretField } from "./SecretField.tsx";
import { TenantField } from "./TenantField.tsx";
import { shown, type Draft } from "./draft.ts";

interface Props {
  section: Section;
  field: Field;
  draft: Draft;
  error: string | undefined;
  disabled: boolean;
  onChange: (value: Value) => void;
}

/** What every control is given. */
export interface ControlProps {
  id: string;
  field: Field;
  value: Value | null;
  disabled: boolean;
  invalid: boolean;
  describedBy: string;
  onChange: (value: Value) => void;
}

/** Up to so many choices are shown at once. */
const AT_ONCE = 3;

/** A field: label, control, help, and what is wrong with it. */
export function FieldRow({ section, field, draft, error, disabled, onChange }: Props) {
  const { t } = useTranslation("settings");
  const id = useId();
  const note = useId();
  const control: ControlProps = { id, field, value: shown(field, draft), disabled, invalid: error !== undefined, describedBy: note, onChange };
  const inline = field.control === "toggle";
  // Its choices say it better.
  const tenant = field.control === "text" && field.name === "tenant";
  return (
    <div className="em-field" data-wrong={error !== undefined || undefined}>
      <div className={inline ? "em-field-inline" : undefined}>
        <label className="em-field-label" htmlFor={id} id={`${id}-label`}>
          {field.label}
          {field.required ? <span className="em-hint"> {t("required")}</span> : null}
        </label>
        {tenant ? <TenantField {...control} /> : <Control {...control} section={section} />}
      </div>
      <div id={note} className={error === undefined ? "em-hint" : "em-error"} role={error === undefined ? undefined : "alert"}>
        {error ?? (tenant ? "" : field.help)}
      </div>
    </div>
  );
}

function Control(props: ControlProps & { section: Section }) {
  const { t } = useTranslation("settings");
  const { id, field, value, disabled, invalid, describedBy, onChange } = props;
  const aria = { "aria-describedby": describedBy, "aria-invalid": invalid };
  const text = typeof value === "string" ? value : "";
  switch (field.control) {
    case "text":
      return (
        <Input
          id={id}
          value={text}
          disabled={disabled}
          status={invalid ? "error" : ""}
          // A day, as the plugin spells it, is what the browser's own field gives.
          type={field.name === "secret_expires" ? "date" : "text"}
          autoComplete="off"
          spellCheck={false}
          required={field.required}
          onChange={(event) => onChange(event.target.value)}
          {...aria}
        />
      );
    case "secret":
      return <SecretField {...props} />;
    case "integer":
      return (
        <InputNumber
          id={id}
          value={typeof value === "number" ? value : null}
          disabled={disabled}
          status={invalid ? "error" : ""}
          {...(field.minimum != null && { min: field.minimum })}
          {...(field.maximum != null && { max: field.maximum })}
          precision={0}
          onChange={(number) => number !== null && onChange(number)}
          {...aria}
        />
      );
    case "toggle":
      return <Switch id={id} checked={value === true} disabled={disabled} onChange={onChange} {...aria} />;
    case "choice": {
      const choices = field.choices ?? [];
      if (choices.length > AT_ONCE) {
        return <Select id={id} value={text === "" ? null : text} disabled={disabled} options={choices} onChange={(chosen: string) => onChange(chosen)} popupMatchSelectWidth={false} {...aria} />;
      }
      return (
        <Radio.Group id={id} aria-labelledby={`${id}-label`} className="em-radio-list" value={text} disabled={disabled} onChange={(event) => onChange(event.target.value as string)}>
          {choices.map((choice) => (
            <Radio key={choice.value} value={choice.value}>
              {choice.label}
            </Radio>
          ))}
        </Radio.Group>
      );
    }
    case "copyable":
      return text === "" ? (
        <p className="em-hint">{t("noAddress")}</p>
      ) : (
        <div className="em-copyable">
          <Input id={id} value={text} readOnly onFocus={(event) => event.target.select()} {...aria} />
          <CopyButton text={text} />
        </div>
      );
  }
}
