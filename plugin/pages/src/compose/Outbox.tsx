/** What is being sent and what became of it. */
import Button from "antd/es/button";
import Tag from "antd/es/tag";
import { unwrap } from "@plugin-host/client";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { keys } from "../api/keys.ts";
import { usePage } from "../app/context.tsx";
import { BackIcon, OutboxIcon } from "../mailbox/icons.tsx";
import { useAccounts } from "../mailbox/data.ts";
import { useNotices } from "../mailbox/session.tsx";
import { useProblemLine } from "../shared/problem.ts";
import { Empty, Failure, Loading } from "../shared/states.tsx";
import { useFormat } from "../shared/time.ts";
import { sentFrom } from "./sent.ts";
import { useOutbox, type Outgoing } from "./useOutbox.ts";
import { editAgain } from "./useOutboxNews.ts";

const TONE: Record<Outgoing["state"], string> = { pending: "processing", scheduled: "blue", sending: "processing", sent: "success", failed: "error", cancelled: "default", unclear: "warning" };

export function Outbox({ onBack }: { onBack: () => void }) {
  const { t } = useTranslation("compose");
  const format = useFormat();
  const { api } = usePage();
  const client = useQueryClient();
  const notices = useNotices();
  const line = useProblemLine();
  const accounts = useAccounts();
  const outbox = useOutbox();
  const items = outbox.data?.pages.flatMap((page) => page.items) ?? [];
  const cancel = async ({ id }: Outgoing) => {
    try {
      await unwrap(api.POST("/api/mail/outbox/{id}/cancel", { params: { path: { id } } }));
      notices.show({ tone: "done", text: t("cancelled") });
    } catch (error) {
      notices.show({ tone: "problem", text: t("notUndone", { reason: line(error) }) });
    }
    void client.invalidateQueries({ queryKey: keys.outbox() });
  };
  return (
    <div className="mail-conversation">
      <header className="mail-conversation-bar">
        <Button type="text" aria-label={t("back")} icon={<BackIcon />} onClick={onBack} />
        <h1 className="compose-outbox-title">{t("outbox")}</h1>
      </header>
      <div className="mail-conversation-scroll">
        {outbox.isError && items.length === 0 ? (
          <Failure error={outbox.error} onRetry={() => void outbox.refetch()} />
        ) : outbox.isPending ? (
          <Loading />
        ) : items.length === 0 ? (
          <Empty icon={<OutboxIcon />} title={t("outboxEmpty")} text={t("outboxEmptyText")} />
        ) : (
          <ul className="compose-outbox">
            {items.map((item) => {
              const sent = sentFrom.get(item.id);
              return (
                <li key={item.id}>
                  <div className="compose-outbox-main">
                    <strong dir="auto">{item.subject.trim() === "" ? t("withoutSubject") : item.subject}</strong>
                    <span>
                      {accounts.data?.find((account) => account.id === item.account)?.email} · <time dateTime={new Date(item.at).toISOString()}>{format.full(item.at)}</time>
                    </span>
                    {item.reason == null ? null : <span className="compose-file-reason">{item.reason}</span>}
                  </div>
                  <Tag color={TONE[item.state]}>{t(`state.${item.state}`)}</Tag>
                  {item.state === "pending" || item.state === "scheduled" ? (
                    <Button size="small" onClick={() => void cancel(item)}>
                      {t("cancelSending")}
                    </Button>
                  ) : (item.state === "failed" || item.state === "cancelled") && sent !== undefined ? (
                    <Button size="small" onClick={() => editAgain(item.id, sent)}>
                      {t("editAgain")}
                    </Button>
                  ) : null}
                </li>
              );
            })}
            {outbox.hasNextPage ? (
              <li>
                <Button loading={outbox.isFetchingNextPage} onClick={() => void outbox.fetchNextPage()}>
                  {t("showMore")}
                </Button>
              </li>
            ) : null}
          </ul>
        )}
      </div>
    </div>
  );
}
