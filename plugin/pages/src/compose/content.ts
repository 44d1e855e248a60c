/** A message being written, as the page keeps it, and as the host takes it. */
import type { components } from "@plugin-host/client";
import type { Address } from "../mailbox/types.ts";
import { uploadAddress } from "./upload.ts";

export type Draft = components["schemas"]["Draft"];
export type Relation = components["schemas"]["Relation"];
type DraftPart = components["schemas"]["DraftPart"];

/** A file on its way into the message, or in it. */
export interface Enclosure {
  key: string;
  name: string;
  mediaType: string;
  size?: number;
  /** Of an image in the text. */
  contentId?: string;
  state: { kind: "uploading"; progress: number } | { kind: "there"; upload: string } | { kind: "failed"; reason: string };
}

export interface Content {
  account: string;
  /** An alias of the account; none: its own address. */
  sender?: string;
  to: Address[];
  cc: Address[];
  bcc: Address[];
  subject: string;
  /** What the person writes. */
  html: string;
  /** The quoted or forwarded message. It is not put into the editor, which would lose its tables and looks. */
  quoted?: string;
  files: Enclosure[];
  relation?: { relation: Relation; message: string };
}

export const emptyContent = (account: string): Content => ({ account, to: [], cc: [], bcc: [], subject: "", html: "", files: [] });

/** Where the quoted message begins in what the host keeps. */
const QUOTED = '<div class="quoted-message">';

/** For the host. What is still being uploaded is left out: it comes with the next save. */
export function toDraft(content: Content): Draft {
  const { account, sender, to, cc, bcc, subject, quoted, files, relation } = content;
  const html = withCids(content.html) + (quoted === undefined ? "" : `${QUOTED}${quoted}</div>`);
  const attachments: DraftPart[] = files.flatMap((file) =>
    file.state.kind === "there"
      ? [{ name: file.name, media_type: file.mediaType, upload: file.state.upload, ...(file.contentId === undefined ? {} : { content_id: file.contentId }) }]
      : [],
  );
  return {
    account,
    ...(sender === undefined ? {} : { sender }),
    to,
    cc,
    bcc,
    subject: subject.replaceAll(/[\r\n]+/g, " "),
    html,
    attachments,
    ...(relation === undefined ? {} : { in_relation: relation }),
  };
}

/** From the host: one's own part and the quoted one apart, as they were written here. */
export function fromDraft(draft: Draft, prepared: boolean): Content {
  const html = draft.html ?? paragraphs(draft.text ?? "");
  const at = html.indexOf(QUOTED);
  const files: Enclosure[] = (draft.attachments ?? []).map((part) => ({
    key: part.upload,
    name: part.name,
    mediaType: part.media_type,
    ...(part.content_id == null ? {} : { contentId: part.content_id }),
    state: { kind: "there", upload: part.upload },
  }));
  const base: Content = {
    account: draft.account,
    to: draft.to ?? [],
    cc: draft.cc ?? [],
    bcc: draft.bcc ?? [],
    subject: draft.subject ?? "",
    html: "",
    files,
    ...(draft.sender == null ? {} : { sender: draft.sender }),
    ...(draft.in_relation == null ? {} : { relation: draft.in_relation }),
  };
  // A prepared answer is the quoted message alone, after a line for one's own words.
  if (prepared) {
    const quoted = html.replace(/^\s*<p>(?:<br\s*\/?>)?<\/p>/i, "").trim();
    return quoted === "" ? base : { ...base, quoted };
  }
  if (at < 0) return { ...base, html };
  return { ...base, html: html.slice(0, at), quoted: html.slice(at + QUOTED.length).replace(/<\/div>\s*$/, "") };
}

/** Text without markup as paragraphs. */
export function paragraphs(text: string): string {
  const escaped = text.trim().replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return escaped === "" ? "" : escaped.split(/\n{2,}/).map((part) => `<p>${part.replaceAll("\n", "<br>")}</p>`).join("");
}

/** Images that are shown from an address of this host are named in the mail by their Content-ID. */
export function withCids(html: string): string {
  return html.replaceAll(/<img\b[^>]*>/gi, (tag) => {
    const cid = /\bdata-cid="([^"]*)"/i.exec(tag)?.[1];
    if (cid === undefined || cid === "") return tag;
    return tag.replace(/\bsrc="[^"]*"/i, `src="cid:${cid}"`).replace(/\s*\bdata-cid="[^"]*"/i, "");
  });
}

/** The other way round, for the editor: from where `source` says, or from their uploads. An image that is nowhere is left as it is named. */
export function withSources({ html, files }: Content, source: (cid: string) => string | undefined = () => undefined): string {
  const uploaded = (cid: string) => files.flatMap(({ contentId, state }) => (contentId === cid && state.kind === "there" ? [uploadAddress(state.upload)] : []))[0];
  return html.replaceAll(/<img\b[^>]*>/gi, (tag) => {
    const cid = /\bsrc="cid:([^"]*)"/i.exec(tag)?.[1];
    const src = cid === undefined ? undefined : (source(cid) ?? uploaded(cid));
    return src === undefined ? tag : tag.replace(/\bsrc="cid:[^"]*"/i, `src="${src}" data-cid="${cid}"`);
  });
}

/** The signature of an account below what is written. */
export function withSignature(html: string, signature: string | undefined): string {
  if (signature === undefined || signature.trim() === "") return html;
  return `${html === "" ? "<p></p>" : html}<p></p>${signature}`;
}

/** Whether nothing was put into it: then there is nothing to keep. */
export function isBlank(content: Content, seed: Content): boolean {
  const words = (html: string) => html.replaceAll(/<(?!img)[^>]+>/gi, "").trim();
  return (
    words(content.html) === words(seed.html) &&
    content.subject === seed.subject &&
    content.files.length === seed.files.length &&
    ["to", "cc", "bcc"].every((name) => JSON.stringify(content[name as "to"]) === JSON.stringify(seed[name as "to"]))
  );
}
