import CheckOutlined from "@ant-design/icons/es/icons/CheckOutlined";
import CopyOutlined from "@ant-design/icons/es/icons/CopyOutlined";
import Button from "antd/es/button";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

interface Props {
  text: string;
  label?: string;
  /** Only the icon, with `label` as its name. */
  bare?: boolean;
}

/** Copies a text and says so. */
export function CopyButton({ text, label, bare = false }: Props) {
  const { t } = useTranslation("common");
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = window.setTimeout(() => setCopied(false), 2_000);
    return () => window.clearTimeout(timer);
  }, [copied]);
  const name = label ?? t("copy");
  const copy = () => void copyText(text).then(() => setCopied(true));
  return (
    <Button icon={copied ? <CheckOutlined /> : <CopyOutlined />} onClick={copy} aria-label={bare ? name : undefined} title={bare ? name : undefined}>
      {bare ? null : copied ? t("copied") : name}
      <span className="em-visually-hidden" role="status">
        {copied ? t("copied") : ""}
      </span>
    </Button>
  );
}

/** The clipboard is only there in a secure context; a host in a local network may have none. */
async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
