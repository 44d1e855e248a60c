/** What a window begins with: an empty message, a prepared answer, a draft, or what was written before. */
import { unwrap } from "@plugin-host/client";
import { useQuery } from "@tanstack/react-query";
import { usePage } from "../app/context.tsx";
import { attachmentAddress } from "../mailbox/files.ts";
import type { Account, Message } from "../mailbox/types.ts";
import { emptyContent, fromDraft, withSignature, withSources, type Content } from "./content.ts";
import type { SavedAs } from "./saver.ts";
import type { Window } from "./store.ts";

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
      switch (seed.kind) {
        case "content":
          return { content: { ...seed.content, files: seed.content.files.filter((file) => file.state.kind === "there") }, ...(seed.saved === undefined ? {} : { saved: seed.saved }) };
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
          return { content: { ...content, html: withSources(content.html, sourceIn(seed.message)) }, ...(saved === undefined ? {} : { saved }) };
        }
      }
    },
  });
}

interface ReadDraft {
  draft: Parameters<typeof fromDraft>[0];
  saved?: SavedAs;
}

/** A draft as the host has it. */
export async function readDraft(api: ReturnType<typeof usePage>["api"], id: string): Promise<ReadDraft> {
  const answer = await unwrap(api.GET("/api/mail/drafts/{id}", { params: { path: { id } } }));
  return { draft: answer.draft, saved: { id: answer.id, revision: answer.revision } };
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
  const able = accounts.filter((account) => !account.missing_features.includes("send"));
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
  const { signature } = (account ?? {}) as { signature?: string | null };
  return signature ?? undefined;
}
