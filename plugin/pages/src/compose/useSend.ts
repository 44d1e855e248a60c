/** Sends once, however often it has to be tried; for some seconds it can still be undone. */
import { Problem, unwrap } from "@plugin-host/client";
import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { keys } from "../api/keys.ts";
import { usePage } from "../app/context.tsx";
import { useNotices } from "../mailbox/session.tsx";
import { useProblemLine } from "../shared/problem.ts";
import { hostNow } from "./clock.ts";
import { toDraft, type Content } from "./content.ts";
import type { Saver } from "./saver.ts";
import { sentFrom } from "./sent.ts";
import { composeStore } from "./store.ts";

/** Long enough to see the wrong name among the recipients. */
export const UNDO_MS = 10_000;

interface Options {
  saver: () => Saver<Content> | undefined;
  onSent: () => void;
}

export function useSend({ saver, onSent }: Options) {
  const { api } = usePage();
  const client = useQueryClient();
  const notices = useNotices();
  const { t } = useTranslation("compose");
  const line = useProblemLine();
  const [sending, setSending] = useState(false);
  const [error, setError] = useState<unknown>(undefined);
  // The same for each try of one message: what became of a try is not known when its answer is lost.
  const key = useRef<string>(crypto.randomUUID());

  const undo = async (id: string, content: Content, saved: { id: string; revision: string } | undefined) => {
    notices.show({ tone: "busy", text: t("undoing") });
    try {
      await unwrap(api.POST("/api/mail/outbox/{id}/cancel", { params: { path: { id } } }));
      sentFrom.delete(id);
      composeStore.open({ kind: "content", content, ...(saved === undefined ? {} : { saved }) });
      notices.show({ tone: "done", text: t("sendingUndone") }, 3_000);
    } catch (error) {
      notices.show({ tone: "problem", text: t("notUndone", { reason: line(error) }) });
    } finally {
      void client.invalidateQueries({ queryKey: keys.outbox() });
    }
  };

  /** `at`: not before this time, by the host's clock. */
  const send = async (content: Content, at?: number) => {
    setSending(true);
    setError(undefined);
    try {
      const keeper = saver();
      keeper?.change(content);
      const stored = keeper === undefined ? false : await keeper.flush();
      const saved = stored ? keeper?.saved : undefined;
      // A draft that can't be saved (the network is slow, the provider refuses drafts) can still be sent as it is.
      if (keeper?.state.kind === "conflict") throw new Conflict();
      const outgoing = await unwrap(
        api.POST("/api/mail/send", {
          params: { header: { "Idempotency-Key": key.current } },
          body: { ...(saved === undefined ? { draft: toDraft(content) } : { saved }), at: at ?? hostNow() + UNDO_MS },
        }),
      );
      sentFrom.set(outgoing.id, { content, ...(saved === undefined ? {} : { saved }) });
      void client.invalidateQueries({ queryKey: keys.outbox() });
      const text = at === undefined ? t("sending") : t("scheduled", { time: new Date(at).toLocaleString() });
      notices.show({ tone: "done", text, action: { label: t("undo"), run: () => void undo(outgoing.id, content, saved) } }, UNDO_MS - 500);
      onSent();
    } catch (failed) {
      // Refused for good: the next try is another message. Otherwise nobody knows, and the same key finds out.
      if (failed instanceof Problem && !failed.passing) key.current = crypto.randomUUID();
      if (!(failed instanceof Conflict)) setError(failed);
      setSending(false);
    }
  };
  return { send, sending, error, clearError: () => setError(undefined) };
}

class Conflict extends Error {}
