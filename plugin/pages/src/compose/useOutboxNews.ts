/** Tells what became of messages that were sent from here: events come after the page that sent them was closed. */
import { unwrap } from "@plugin-host/client";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { keys } from "../api/keys.ts";
import { usePage } from "../app/context.tsx";
import { useNotices } from "../mailbox/session.tsx";
import { sentFrom, type Sent } from "./sent.ts";
import { composeStore } from "./store.ts";

export function useOutboxNews(): void {
  const { api, events } = usePage();
  const notices = useNotices();
  const client = useQueryClient();
  const { t } = useTranslation("compose");
  useEffect(
    () =>
      events.on("outbox.changed", (event) => {
        if (event.topic !== "outbox.changed") return;
        const { id, state } = (event.data ?? {}) as { id?: string; state?: string };
        const sent = id === undefined ? undefined : sentFrom.get(id);
        if (id === undefined || sent === undefined) return;
        if (state === "sent") {
          sentFrom.delete(id);
          notices.show({ tone: "done", text: t("sent") });
        } else if (state === "failed") {
          void (async () => {
            const page = await unwrap(api.GET("/api/mail/outbox", { params: { query: { limit: 50 } } })).catch(() => undefined);
            const reason = page?.items.find((item) => item.id === id)?.reason ?? "";
            notices.show({ tone: "problem", text: t("notSent", { reason }), action: { label: t("editAgain"), run: () => editAgain(id, sent) } }, 0);
            void client.invalidateQueries({ queryKey: keys.outbox() });
          })();
        }
      }),
    [api, client, events, notices, t],
  );
}

/** Opens what was to be sent as a message to be written. */
export function editAgain(id: string, sent: Sent): void {
  sentFrom.delete(id);
  composeStore.open({ kind: "content", content: sent.content, ...(sent.saved === undefined ? {} : { saved: sent.saved }) });
}
