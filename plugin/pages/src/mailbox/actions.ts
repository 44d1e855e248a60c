/** Does things to mail: seen at once, told with "Undo", taken back with the reason if they are refused. */
import { Problem, unwrap, type components } from "@plugin-host/client";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { keys } from "../api/keys.ts";
import { usePage } from "../app/context.tsx";
import { useProblemLine } from "../shared/problem.ts";
import { listName } from "./data.ts";
import type { Change, Folders } from "./effect.ts";
import { countsOf, type Op, type Subject } from "./overlay.ts";
import { refreshLists } from "./refresh.ts";
import { useNotices, useOverlay } from "./session.tsx";
import type { Matching, Message, ThreadSummary } from "./types.ts";

export interface Act {
  change: Change;
  subject: Subject;
  /** The conversations that it changes, as far as they are loaded. */
  items: readonly ThreadSummary[];
  /** What the list shows that it is done in; with a subject of kind `list`, what it is done to. */
  asked?: Matching | undefined;
  /** Nothing is told but what goes wrong. It can be undone by key all the same. */
  quiet?: boolean;
  /** Done by the page, not by the person: "undo" means what they did before. */
  unasked?: boolean;
}

export interface Actions {
  act(act: Act): void;
  /** Takes the last action back. */
  undoLast(): void;
}

export function useActions(folders: Folders): Actions {
  const { api, events } = usePage();
  const client = useQueryClient();
  const overlay = useOverlay();
  const notices = useNotices();
  const { t } = useTranslation("mailbox");
  const line = useProblemLine();
  const last = useRef<(() => void) | undefined>(undefined);
  // Texts and folders change while an action is under way; the newest are meant.
  const now = useRef({ t, line, folders, api });
  now.current = { t, line, folders, api };

  useEffect(
    () =>
      events.on("actions.refused", (event) => {
        const reason = refusal(event.data);
        if (reason !== undefined) notices.show({ tone: "problem", text: now.current.t("refusedLater", { reason }) });
      }),
    [events, notices],
  );

  return useMemo(() => {
    const settle = async (ids: readonly string[] | undefined) => {
      const { api } = now.current;
      const threads = ids?.map((id) => client.invalidateQueries({ queryKey: keys.thread(id) })) ?? [client.invalidateQueries({ queryKey: keys.thread() })];
      await Promise.all([refreshLists(client, api, ids === undefined ? "unknown" : new Set(ids)), client.invalidateQueries({ queryKey: keys.folders() }), ...threads]);
    };

    const act = ({ change, subject, items, asked, quiet = false, unasked = false }: Act) => {
      const { api, t, line, folders } = now.current;
      const only = subject.kind === "messages" ? subject.ids : undefined;
      const counts = countsOf(items, (id) => client.getQueryData<Message[]>(keys.thread(id)), change, folders, only);
      const op = overlay.add({ change, subject, counts });
      const answer = unwrap(
        api.POST("/api/mail/actions", {
          body: { action: change.action, ...(change.folder === undefined ? {} : { folder: change.folder }), ...named(subject, asked) },
        }),
      );
      const undo = once(() => void takeBack(op, answer, items, asked));
      const ids = subject.kind === "list" ? undefined : subject.kind === "messages" ? [subject.thread] : [...subject.ids];
      const size = subject.kind === "messages" ? subject.ids.size : items.length;
      let notice: number | undefined;
      if (!unasked) last.current = undo;
      if (!quiet && !unasked) {
        const text = subject.kind === "list" ? t("doneAll") : subject.kind === "messages" ? t(`doneMessage.${change.action}`, { count: size }) : t(`done.${change.action}`, { count: size });
        notice = notices.show({ tone: "done", text, ...(change.action === "delete-for-ever" ? {} : { action: { label: t("undo"), run: undo } }) });
      }
      void answer
        .then(async ({ refused, messages }) => {
          const [first] = refused;
          if (first !== undefined) {
            if (messages === 0 && last.current === undo) last.current = undefined;
            notices.show({ tone: "problem", text: t("refused", { count: refused.length, reason: first.reason }) });
          }
          await settle(ids);
        })
        .catch((error: unknown) => {
          if (last.current === undo) last.current = undefined;
          if (notice !== undefined) notices.close(notice);
          notices.show({ tone: "problem", text: t("failed", { reason: line(error) }) });
        })
        .finally(() => overlay.remove(op.id));
    };

    const takeBack = async (op: Op, answer: Promise<{ undo: string }>, items: readonly ThreadSummary[], asked: Matching | undefined) => {
      const { api, t, line } = now.current;
      last.current = undefined;
      overlay.remove(op.id);
      const back = overlay.add({ change: op.change, subject: op.subject, counts: new Map(), back: { list: listName(asked), items } });
      const id = notices.show({ tone: "busy", text: t("undoing") });
      try {
        const { undo } = await answer;
        await unwrap(api.POST("/api/mail/actions/undo", { body: { undo } }));
        notices.show({ tone: "done", text: t("undone") }, 3_000);
        await settle(op.subject.kind === "list" ? undefined : items.map((item) => item.id));
      } catch (error) {
        // An action that failed by itself has told so.
        if (!(error instanceof Problem)) throw error;
        notices.close(id);
        notices.show({ tone: "problem", text: t("notUndone", { reason: line(error) }) });
        await settle(items.map((item) => item.id));
      } finally {
        overlay.remove(back.id);
      }
    };

    return {
      act,
      undoLast() {
        const undo = last.current;
        if (undo === undefined) notices.show({ tone: "done", text: now.current.t("nothingToUndo") }, 3_000);
        else undo();
      },
    };
  }, [client, notices, overlay]);
}

function named(subject: Subject, asked: Matching | undefined): Pick<components["schemas"]["ActionRequest"], "messages" | "threads" | "matching"> {
  switch (subject.kind) {
    case "messages":
      return { messages: [...subject.ids] };
    case "threads":
      return { threads: [...subject.ids] };
    case "list":
      return {
        matching: { accounts: [], folders: [], addresses: [], domains: [], q: null, unread: null, starred: null, attachments: null, to_do: null, after: null, before: null, ...asked },
      };
  }
}

function once(run: () => void): () => void {
  let done = false;
  return () => {
    if (!done) run();
    done = true;
  };
}

function refusal(data: unknown): string | undefined {
  if (typeof data !== "object" || data === null || !("refused" in data) || !Array.isArray(data.refused)) return undefined;
  const [first] = data.refused as unknown[];
  if (typeof first !== "object" || first === null || !("reason" in first)) return undefined;
  return typeof first.reason === "string" ? first.reason : undefined;
}
