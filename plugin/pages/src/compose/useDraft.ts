/** Keeps what is written: on this device at once, at the host after a pause. */
import { Problem, unwrap } from "@plugin-host/client";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState, type RefObject } from "react";
import { keys } from "../api/keys.ts";
import { usePage } from "../app/context.tsx";
import { kindOf } from "../shared/problem.ts";
import { fromDraft, toDraft, withSources, type Content } from "./content.ts";
import { Saver, type SaveState, type SavedAs } from "./saver.ts";
import { composeStore, type Window } from "./store.ts";
import { readDraft, type Begun } from "./useSeed.ts";

export function useDraft(window: Window, begun: Begun, current: RefObject<Content>) {
  const { api } = usePage();
  const client = useQueryClient();
  const [state, setState] = useState<SaveState>({ kind: "clean" });
  const place = useRef({ account: begun.content.account });

  const saver = useMemo(
    () =>
      new Saver<Content>(
        {
          async save(content, over) {
            const draft = toDraft(content);
            // A draft stays in its account: from another one it is another draft, and the first is not wanted any more.
            if (over !== undefined && content.account !== place.current.account) {
              const made = await unwrap(api.POST("/api/mail/drafts", { body: draft }));
              place.current.account = content.account;
              void unwrap(api.DELETE("/api/mail/drafts/{id}", { params: { path: { id: over.id } } })).catch(() => undefined);
              return made;
            }
            place.current.account = content.account;
            if (over === undefined) return unwrap(api.POST("/api/mail/drafts", { body: draft }));
            try {
              return await unwrap(api.PATCH("/api/mail/drafts/{id}", { params: { path: { id: over.id } }, body: { revision: over.revision, draft } }));
            } catch (error) {
              // Thrown away elsewhere, or sent and gone: what is here is kept as a new one.
              if (kindOf(error) === "not-found") return unwrap(api.POST("/api/mail/drafts", { body: draft }));
              throw error;
            }
          },
          isConflict: (error) => kindOf(error) === "conflict",
          changed(next, saved) {
            setState(next);
            composeStore.keep(window.key, current.current, saved);
          },
        },
        begun.saved,
      ),
    // One for the window's life.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [],
  );

  // The page may go with windows open: what was typed last is saved, and is there when it comes back.
  useEffect(
    () => () => {
      if (composeStore.has(window.key)) composeStore.leave(window.key, saver.flush());
    },
    [saver, window.key],
  );

  // What failed for want of a network is saved when there is one again; what is not saved yet, before the page goes.
  useEffect(() => {
    const again = () => void saver.flush();
    const leaving = (event: BeforeUnloadEvent) => {
      if (["waiting", "saving", "failed"].includes(saver.state.kind)) event.preventDefault();
    };
    globalThis.addEventListener("online", again);
    globalThis.addEventListener("beforeunload", leaving);
    return () => {
      globalThis.removeEventListener("online", again);
      globalThis.removeEventListener("beforeunload", leaving);
    };
  }, [saver]);

  return useMemo(
    () => ({
      state,
      saver: () => saver,
      changed(content: Content) {
        composeStore.keep(window.key, content, saver.saved);
        saver.change(content);
      },
      flush: () => saver.flush(),
      async discard() {
        await saver.close();
        const { saved } = saver;
        if (saved === undefined) return;
        await unwrap(api.DELETE("/api/mail/drafts/{id}", { params: { path: { id: saved.id } } })).catch((error: unknown) => {
          if (!(error instanceof Problem)) throw error;
        });
        void client.invalidateQueries({ queryKey: keys.folders() });
      },
      async keepMine() {
        const theirs = await newest(saver.saved);
        saver.resolve(theirs?.saved);
      },
      async takeTheirs(): Promise<Content | undefined> {
        const theirs = await newest(saver.saved);
        if (theirs === undefined) return undefined;
        const draft = fromDraft(theirs.draft, false);
        const content = { ...draft, html: withSources(draft) };
        saver.resolve(theirs.saved);
        saver.change(content);
        return content;
      },
    }),
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [state, saver],
  );

  async function newest(saved: SavedAs | undefined) {
    return saved === undefined ? undefined : readDraft(api, saved.id).catch(() => undefined);
  }
}
