import LockOutlined from "@ant-design/icons/es/icons/LockOutlined";
import Button from "antd/es/button";
import Input from "antd/es/input";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ControlProps } from "./FieldRow.tsx";

/** Write-only: what is stored is never shown, only that it is. */
export function SecretField({ id, field, value, disabled, invalid, describedBy, onChange }: ControlProps) {
  const { t } = useTranslation("settings");
  const [replacing, setReplacing] = useState(false);
  const stored = field.value === true;
  const typed = typeof value === "string" ? value : "";

  // The draft was saved or discarded while the field was open.
  if (replacing && stored && value === true && typed === "" && !document.activeElement?.id.includes(id)) setReplacing(false);

  if (stored && !replacing && typeof value !== "string") {
    const leaving = value === false;
    // The field's label alone would not say what the button does.
    const named = `${id}-label ${id}`;
    return (
      <div className="em-secret">
        <span className="em-secret-state" data-leaving={leaving || undefined}>
          <LockOutlined aria-hidden /> {t(leaving ? "secret.leaving" : "secret.stored")}
        </span>
        {leaving ? (
          <Button id={id} aria-labelledby={named} disabled={disabled} onClick={() => onChange(true)}>
            {t("secret.keep")}
          </Button>
        ) : (
          <>
            <Button id={id} aria-labelledby={named} disabled={disabled} onClick={() => setReplacing(true)}>
              {t("secret.replace")}
            </Button>
            <Button type="text" danger disabled={disabled} onClick={() => onChange(false)}>
              {t("secret.remove")}
            </Button>
          </>
        )}
      </div>
    );
  }
  return (
    <div className="em-copyable">
      <Input.Password
        id={id}
        autoFocus={replacing}
        value={typed}
        disabled={disabled}
        status={invalid ? "error" : ""}
        autoComplete="new-password"
        spellCheck={false}
        placeholder={stored ? t("secret.new") : ""}
        aria-describedby={describedBy}
        aria-invalid={invalid}
        // Nothing typed is nothing changed; removing has its own button.
        onChange={(event) => onChange(event.target.value === "" ? stored : event.target.value)}
      />
      {stored ? (
        <Button
          disabled={disabled}
          onClick={() => {
            setReplacing(false);
            onChange(true);
          }}
        >
          {t("secret.keep")}
        </Button>
      ) : null}
    </div>
  );
}
