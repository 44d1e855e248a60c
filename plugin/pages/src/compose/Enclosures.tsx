import Button from "antd/es/button";
import Progress from "antd/es/progress";
import { useTranslation } from "react-i18next";
import { ClipIcon, CloseIcon } from "../mailbox/icons.tsx";
import { useFormat } from "../shared/time.ts";
import type { Enclosure } from "./content.ts";

interface Props {
  files: readonly Enclosure[];
  onRemove: (key: string) => void;
  /** Bytes of all files together. */
  limit: number | undefined;
  over: boolean;
}

/** The files of the message; images in the text are where they are. */
export function Enclosures({ files, onRemove, limit, over }: Props) {
  const { t } = useTranslation("compose");
  const format = useFormat();
  const shown = files.filter((file) => file.contentId === undefined);
  if (shown.length === 0 && !over) return null;
  return (
    <div className="compose-files">
      <ul aria-label={t("attachments")}>
        {shown.map((file) => (
          <li key={file.key} data-failed={file.state.kind === "failed" || undefined}>
            <ClipIcon aria-hidden />
            <span className="compose-file-name" dir="auto" title={file.name}>
              {file.name}
            </span>
            {file.state.kind === "uploading" ? (
              <Progress size={[90, 6]} percent={Math.round(file.state.progress * 100)} showInfo={false} aria-label={t("uploading", { name: file.name })} />
            ) : file.state.kind === "failed" ? (
              <span className="compose-file-reason" role="alert">
                {file.state.reason}
              </span>
            ) : file.size === undefined ? null : (
              <span className="compose-file-size">{format.size(file.size)}</span>
            )}
            <Button type="text" size="small" aria-label={t("removeFile", { name: file.name })} icon={<CloseIcon />} onClick={() => onRemove(file.key)} />
          </li>
        ))}
      </ul>
      {over && limit !== undefined ? (
        <p role="alert" className="compose-file-reason">
          {t("tooLarge", { limit: format.size(limit) })}
        </p>
      ) : null}
    </div>
  );
}
