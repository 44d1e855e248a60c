import Button from "antd/es/button";
import Tooltip from "antd/es/tooltip";
import { Suspense, lazy, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../shared/time.ts";
import { archiveAddress, attachmentAddress, previewOf } from "./files.ts";
import { ClipIcon, DownloadIcon, FileIcon, ImageIcon, PdfIcon } from "./icons.tsx";
import type { Attachment, Message } from "./types.ts";

const Preview = lazy(() => import("./Preview.tsx"));

/** The files of a message. Images that the text shows itself are left out. */
export function Attachments({ message }: { message: Message }) {
  const { t } = useTranslation("mailbox");
  const format = useFormat();
  const [shown, setShown] = useState<number | undefined>(undefined);
  const files = message.attachments.filter((file) => !file.inline);
  if (files.length === 0) return null;
  const total = files.reduce((sum, file) => sum + file.size, 0);
  return (
    <section className="mail-files" aria-label={t("attachments")}>
      <div className="mail-files-head">
        <ClipIcon aria-hidden />
        <span>{t("attachmentCount", { count: files.length, size: format.size(total) })}</span>
        {files.length > 1 ? (
          <Button type="link" size="small" icon={<DownloadIcon />} href={archiveAddress(message.id)} download>
            {t("downloadAll")}
          </Button>
        ) : null}
      </div>
      <ul>
        {files.map((file, index) => {
          const kind = previewOf(file);
          const name = (
            <>
              <span className="mail-file-icon" aria-hidden>
                {iconOf(file)}
              </span>
              <span className="mail-file-text">
                <span className="mail-file-name" dir="auto" title={file.name}>
                  {file.name}
                </span>
                <span className="mail-file-size">{format.size(file.size)}</span>
              </span>
            </>
          );
          return (
            <li key={file.id} className="mail-file">
              {kind === undefined ? (
                <a className="mail-file-main" href={attachmentAddress(message.id, file.id)} download={file.name} aria-label={t("downloadFile", { name: file.name })}>
                  {name}
                </a>
              ) : (
                <button type="button" className="mail-file-main" onClick={() => setShown(index)} aria-label={t("previewFile", { name: file.name })}>
                  {name}
                </button>
              )}
              <Tooltip title={t("download")}>
                <a className="mail-file-load" href={attachmentAddress(message.id, file.id)} download={file.name} aria-label={t("downloadFile", { name: file.name })}>
                  <DownloadIcon />
                </a>
              </Tooltip>
            </li>
          );
        })}
      </ul>
      {shown === undefined ? null : (
        <Suspense>
          <Preview message={message} files={files} at={shown} onMove={setShown} onClose={() => setShown(undefined)} />
        </Suspense>
      )}
    </section>
  );
}

function iconOf(file: Attachment): ReactNode {
  const kind = previewOf(file);
  return kind === "image" ? <ImageIcon /> : kind === "pdf" ? <PdfIcon /> : <FileIcon />;
}
