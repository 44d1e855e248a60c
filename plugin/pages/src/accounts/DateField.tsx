import DatePicker from "antd/es/date-picker";
import dayjs from "dayjs";
import { useEffect } from "react";
import { usePage } from "../app/context.tsx";

// The picker's own library of dates names days and months; these are small.
const names = { ru: () => import("dayjs/locale/ru"), zh: () => import("dayjs/locale/zh-cn") };

interface Props {
  value: Date | undefined;
  label: string;
  disabled: boolean;
  onChange: (date: Date | undefined) => void;
}

/** A day in the past. */
export default function DateField({ value, label, disabled, onChange }: Props) {
  const { locale } = usePage();
  useEffect(() => {
    if (locale !== "en") void names[locale]().then(() => dayjs.locale(locale === "zh" ? "zh-cn" : locale));
    else dayjs.locale("en");
  }, [locale]);
  return (
    <DatePicker
      aria-label={label}
      value={value ? dayjs(value) : null}
      disabled={disabled}
      maxDate={dayjs()}
      format={locale === "zh" ? "YYYY-MM-DD" : locale === "ru" ? "DD.MM.YYYY" : "DD MMM YYYY"}
      onChange={(day: dayjs.Dayjs | null) => onChange(day?.toDate())}
    />
  );
}
