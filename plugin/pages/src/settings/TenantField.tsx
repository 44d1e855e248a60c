import Input from "antd/es/input";
import Select from "antd/es/select";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ControlProps } from "./FieldRow.tsx";

const presets = ["common", "organizations", "consumers"] as const;

/** Who may sign in: one of Microsoft's groups, or one tenant by its ID or domain. */
export function TenantField({ id, value, disabled, invalid, describedBy, onChange }: ControlProps) {
  const { t } = useTranslation("settings");
  const text = typeof value === "string" ? value : "";
  const preset = presets.find((each) => each === text);
  const [own, setOwn] = useState(false);
  const single = own || (preset === undefined && text !== "");
  return (
    <div className="em-tenant">
      <Select
        id={id}
        value={single ? "own" : (preset ?? "common")}
        disabled={disabled}
        aria-describedby={describedBy}
        popupMatchSelectWidth={false}
        options={[...presets.map((each) => ({ value: each as string, label: t(`tenant.${each}`) })), { value: "own", label: t("tenant.own") }]}
        onChange={(chosen: string) => {
          setOwn(chosen === "own");
          onChange(chosen === "own" ? "" : chosen);
        }}
      />
      {single ? (
        <Input
          value={preset === undefined ? text : ""}
          disabled={disabled}
          status={invalid ? "error" : ""}
          aria-label={t("tenant.id")}
          aria-invalid={invalid}
          aria-describedby={describedBy}
          placeholder="contoso.onmicrosoft.com"
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => onChange(event.target.value)}
        />
      ) : null}
    </div>
  );
}
