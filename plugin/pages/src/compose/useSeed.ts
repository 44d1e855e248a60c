/** What a window begins with: an empty message, a prepared answer, a draft, or what was written before. */
import { unwrap, type Api } from "@plugin-host/client";
import { useQuery } from "@tanstack/react-query";
import { usePage } from "../app/context.tsx";
import { attachmentAddress } from "../mailbox/files.ts";
import { can, type Account, type Message } from "../mailbox/types.ts";
import { emptyContent, fromDraft, withSignature, withSources, type Content, type Draft } from "./content.ts";
import type { SavedAs } from "./saver.ts";
import { composeStore, type Window } from "./store.ts";

export interface Begun {
  content: Content;
  saved?: SavedAs;
}

export function useSeed({ key, seed }: Window, accounts: readonly Account[] | undefined) {
  const { api } = usePage();
  return useQuery({
    queryKey: ["compose", key],
    enabled: accounts !== undefined && accounts.length > 0,
    // A window begins once.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
    queryFn: async (): Promise<Begun> => {
      const known = accounts ?? [];
      const left = await composeStore.left(key);
      if (left !== undefined) return writtenBefore(left);
      switch (seed.kind) {
        case "content":
          return writtenBefore(seed);
        case "new": {
          const account = preferred(known);
          const content = emptyContent(account?.id ?? "");
          return { content: { ...content, to: seed.to ?? [], subject: seed.subject ?? "", html: withSignature("", signatureOf(account)) } };
        }
        case "relation": {
          const draft = await unwrap(api.POST("/api/mail/drafts/prepare", { body: { message: seed.message.id, relation: seed.relation } }));
          const content = fromDraft(draft, true);
          const account = known.find((each) => each.id === content.account);
          return { content: { ...content, html: withSignature("", signatureOf(account)) } };
        }
        case "draft": {
          const { draft, saved } = await readDraft(api, seed.message.id);
          const content = fromDraft(draft, false);
          return { content: { ...content, html: withSources(content, sourceIn(seed.message)) }, saved };
        }
      }
    },
  });
}

/** What was on its way up went with the page. */
function writtenBefore({ content, saved }: { content: Content; saved?: SavedAs }): Begun {
  return { content: { ...content, files: content.files.filter((file) => file.state.kind === "there") }, ...(saved === undefined ? {} : { saved }) };
}

interface ReadDraft {
  draft: Draft;
  saved: SavedAs;
}

/** A draft as the host has it, by its own id or that of its message. */
export function readDraft(api: Api, id: string): Promise<ReadDraft> {
  return unwrap(api.GET("/api/mail/drafts/{id}", { params: { path: { id } } }));
}

/** The images of a draft, as its message has them. */
function sourceIn(message: Message): (cid: string) => string | undefined {
  return (cid) => {
    const file = message.attachments.find((each) => each.content_id === cid);
    return file === undefined ? undefined : attachmentAddress(message.id, file.id, true);
  };
}

const LAST = "mail.from";

/** The account that was written from last. */
function preferred(accounts: readonly Account[]): Account | undefined {
  let last: string | null = null;
  try {
    last = localStorage.getItem(LAST);
  } catch {
    // Then the first.
  }
  const able = accounts.filter((account) => can(account, "send"));
  return able.find((account) => account.id === last) ?? able[0] ?? accounts[0];
}

export function rememberFrom(account: string): void {
  try {
    localStorage.setItem(LAST, account);
  } catch {
    // Then it is not remembered.
  }
}

export function signatureOf(account: Account | undefined): string | undefined {
  return account === undefined || account.signature === "" ? undefined : account.signature;
}
