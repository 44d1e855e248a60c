/** The message as it travelled. */
import Button from "antd/es/button";
import Modal from "antd/es/modal";
import Skeleton from "antd/es/skeleton";
import { Problem } from "@plugin-host/client";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Failure } from "../shared/states.tsx";
import { DownloadIcon } from "./icons.tsx";
import type { Message } from "./types.ts";

/** As much as one looks at; the whole is for saving. */
const SHOWN = 300_000;

export default function Original({ message, onClose }: { message: Message; onClose: () => void }) {
  const { t } = useTranslation("mailbox");
  const address = `/api/mail/messages/${encodeURIComponent(message.id)}/raw`;
  const raw = useQuery({
    queryKey: ["mail", "raw", message.id],
    queryFn: async ({ signal }) => {
      const answer = await fetch(address, { signal, headers: { range: `bytes=0-${SHOWN - 1}` } });
      if (!answer.ok) throw new Problem(answer.status, undefined, answer.statusText);
      return answer.text();
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Modal
      open
      onCancel={onClose}
      width="min(1000px, 94vw)"
      centered
      title={t("original")}
      footer={
        <Button type="primary" icon={<DownloadIcon />} href={address} download>
          {t("download")}
        </Button>
      }
    >
      <div className="mail-preview">
        {raw.isError ? (
          <Failure error={raw.error} onRetry={() => void raw.refetch()} />
        ) : raw.data === undefined ? (
          <Skeleton active paragraph={{ rows: 10 }} />
        ) : (
          <pre tabIndex={0}>{raw.data}</pre>
        )}
      </div>
    </Modal>
  );
}
