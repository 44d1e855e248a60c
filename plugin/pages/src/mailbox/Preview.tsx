/** Files looked at without saving them. */
import Button from "antd/es/button";
import Modal from "antd/es/modal";
import Skeleton from "antd/es/skeleton";
import { useQuery } from "@tanstack/react-query";
import { Problem } from "@plugin-host/client";
import { useEffect, useState, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "../shared/states.tsx";
import { attachmentAddress, previewOf } from "./files.ts";
import { DownloadIcon, NextIcon, PreviousIcon } from "./icons.tsx";
import type { Attachment, Message } from "./types.ts";

interface Props {
  message: Message;
  files: readonly Attachment[];
  at: number;
  onMove: (at: number) => void;
  onClose: () => void;
}

export default function Preview({ message, files, at, onMove, onClose }: Props) {
  const { t } = useTranslation("mailbox");
  const file = files[at];
  const able = files.flatMap((each, index) => (previewOf(each) === undefined ? [] : [index]));
  const place = able.indexOf(at);
  const to = (by: number) => able[place + by];
  if (file === undefined) return null;
  const pressed = (event: KeyboardEvent) => {
    const next = event.key === "ArrowRight" ? to(1) : event.key === "ArrowLeft" ? to(-1) : undefined;
    if (next !== undefined) onMove(next);
  };
  return (
    <Modal
      open
      onCancel={onClose}
      width="min(1100px, 94vw)"
      centered
      title={
        <span className="mail-preview-title" dir="auto">
          {file.name}
        </span>
      }
      footer={
        <div className="mail-preview-foot">
          {able.length > 1 ? (
            <>
              <Button icon={<PreviousIcon />} aria-label={t("previousFile")} disabled={to(-1) === undefined} onClick={() => onMove(to(-1) ?? at)} />
              <Button icon={<NextIcon />} aria-label={t("nextFile")} disabled={to(1) === undefined} onClick={() => onMove(to(1) ?? at)} />
              <span>{t("fileOf", { at: place + 1, count: able.length })}</span>
            </>
          ) : null}
          <span className="mail-row-space" />
          <Button type="primary" icon={<DownloadIcon />} href={attachmentAddress(message.id, file.id)} download={file.name}>
            {t("download")}
          </Button>
        </div>
      }
    >
      <div className="mail-preview" onKeyDown={pressed}>
        <Shown key={file.id} message={message} file={file} />
      </div>
    </Modal>
  );
}

function Shown({ message, file }: { message: Message; file: Attachment }) {
  switch (previewOf(file)) {
    case "image":
      return <Picture message={message} file={file} />;
    case "pdf":
      return <Pdf message={message} file={file} />;
    case "text":
      return <Text message={message} file={file} />;
    default:
      return null;
  }
}

function Picture({ message, file }: { message: Message; file: Attachment }) {
  const { t } = useTranslation("mailbox");
  const [state, setState] = useState<"loading" | "shown" | "failed">("loading");
  if (state === "failed") return <p>{t("notShown")}</p>;
  return (
    <>
      {state === "loading" ? <Skeleton.Node active style={{ width: 320, height: 240 }} /> : null}
      <img
        src={attachmentAddress(message.id, file.id, true)}
        alt={file.name}
        hidden={state === "loading"}
        onLoad={() => setState("shown")}
        onError={() => setState("failed")}
      />
    </>
  );
}

/** The bytes, whatever the file says it is, for a frame of the browser's own viewer: as PDF they can be nothing else. */
function Pdf({ message, file }: { message: Message; file: Attachment }) {
  const { t } = useTranslation("mailbox");
  const bytes = useBytes(message, file);
  const [address, setAddress] = useState<string | undefined>(undefined);
  const { data } = bytes;
  useEffect(() => {
    if (data === undefined) return undefined;
    const made = URL.createObjectURL(new Blob([data], { type: "application/pdf" }));
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [data]);
  if (bytes.isError) return <Failure error={bytes.error} onRetry={() => void bytes.refetch()} />;
  if (address === undefined) return <Skeleton active paragraph={{ rows: 8 }} />;
  return <iframe src={address} title={t("previewFile", { name: file.name })} />;
}

function Text({ message, file }: { message: Message; file: Attachment }) {
  const bytes = useBytes(message, file);
  if (bytes.isError) return <Failure error={bytes.error} onRetry={() => void bytes.refetch()} />;
  if (bytes.data === undefined) return <Skeleton active paragraph={{ rows: 8 }} />;
  return (
    <pre dir="auto" tabIndex={0}>
      {new TextDecoder(charset(file.media_type)).decode(bytes.data)}
    </pre>
  );
}

function charset(media: string): string {
  const named = /charset="?([\w-]+)/i.exec(media)?.[1] ?? "utf-8";
  try {
    return new TextDecoder(named).encoding;
  } catch {
    return "utf-8";
  }
}

function useBytes(message: Message, file: Attachment) {
  return useQuery({
    queryKey: ["mail", "file", message.id, file.id],
    queryFn: async ({ signal }): Promise<ArrayBuffer> => {
      const answer = await fetch(attachmentAddress(message.id, file.id), { signal });
      if (!answer.ok) throw new Problem(answer.status, undefined, answer.statusText);
      return answer.arrayBuffer();
    },
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    structuralSharing: false,
  });
}
