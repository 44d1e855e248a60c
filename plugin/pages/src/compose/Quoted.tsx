import Button from "antd/es/button";
import { useState } from "react";
import { useTranslation } from "react-i18next";

interface Props {
  html: string | undefined;
  onRemove: () => void;
}

/** The message that is answered or forwarded: it goes along as it is. */
export function Quoted({ html, onRemove }: Props) {
  const { t } = useTranslation("compose");
  const [open, setOpen] = useState(false);
  if (html === undefined) return null;
  return (
    <div className="compose-quoted">
      <div className="compose-quoted-bar">
        <button type="button" className="mail-quoted-button" aria-expanded={open} title={t(open ? "hideQuoted" : "showQuoted")} aria-label={t(open ? "hideQuoted" : "showQuoted")} onClick={() => setOpen(!open)}>
          •••
        </button>
        {open ? (
          <Button type="link" size="small" onClick={onRemove}>
            {t("removeQuoted")}
          </Button>
        ) : null}
      </div>
      {open ? <iframe title={t("quoted")} sandbox="" srcDoc={framed(html)} /> : null}
    </div>
  );
}

/** It was sanitised by the plugin; the frame runs nothing, and shows images only if the message itself holds them. */
function framed(html: string): string {
  return `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"><body dir="auto" style="margin:8px;font:14px/1.5 system-ui,sans-serif;background:#fff;color:#1a1a1a;overflow-wrap:anywhere">${html}</body>`;
}
