import Radio from "antd/es/radio";
import Skeleton from "antd/es/skeleton";
import { Suspense, lazy, useId } from "react";
import { useTranslation } from "react-i18next";
import { presets, sinceOf, type Start } from "./start.ts";
import { useFormat } from "../shared/time.ts";

const DateField = lazy(() => import("./DateField.tsx"));

interface Props {
  value: Start;
  onChange: (start: Start) => void;
  disabled?: boolean;
}

/** How far back to go. */
export function StartChoice({ value, onChange, disabled = false }: Props) {
  const { t } = useTranslation("accounts");
  const format = useFormat();
  const label = useId();
  const since = sinceOf(value);
  return (
    <div className="em-start">
      <div id={label} className="em-label">
        {t("start.label")}
      </div>
      <Radio.Group aria-labelledby={label} disabled={disabled} value={value.preset} onChange={(event) => onChange({ ...value, preset: event.target.value as Start["preset"] })}>
        {presets.map((preset) => (
          <Radio key={preset} value={preset}>
            {t(`start.${preset}`)}
          </Radio>
        ))}
      </Radio.Group>
      {value.preset === "date" ? (
        <Suspense fallback={<Skeleton.Input active size="small" />}>
          <DateField value={value.date} label={t("start.dateLabel")} disabled={disabled} onChange={(date) => onChange({ preset: "date", date })} />
        </Suspense>
      ) : null}
      <p className="em-hint">
        {value.preset === "everything" ? t("start.everythingHint") : since === undefined ? t("start.dateHint") : t("start.hint", { date: format.date(since) })}
      </p>
    </div>
  );
}
