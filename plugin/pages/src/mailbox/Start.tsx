import Button from "antd/es/button";
import { useTranslation } from "react-i18next";
import { Empty } from "../shared/states.tsx";
import { AllIcon } from "./icons.tsx";

/** Nobody's mailbox is linked yet. */
export function Start({ onLink }: { onLink: () => void }) {
  const { t } = useTranslation("mailbox");
  return (
    <Empty page icon={<AllIcon />} title={t("start.title")} text={t("start.text")}>
      <Button type="primary" size="large" onClick={onLink}>
        {t("start.link")}
      </Button>
    </Empty>
  );
}
