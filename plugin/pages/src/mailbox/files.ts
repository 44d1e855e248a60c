import type { Attachment } from "./types.ts";

export function attachmentAddress(message: string, file: string, inline = false): string {
  return `/api/mail/messages/${encodeURIComponent(message)}/attachments/${encodeURIComponent(file)}${inline ? "?disposition=inline" : ""}`;
}

/** All files of a message in one. */
export function archiveAddress(message: string): string {
  return `/api/mail/messages/${encodeURIComponent(message)}/attachments.zip`;
}

const IMAGES = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"];
const TEXTS = /^(?:text\/(?:plain|csv|markdown|x-[\w-]+)|application\/(?:json|xml|x-yaml|yaml)|message\/rfc822)$/;
const TEXT_NAMES = /\.(?:txt|md|csv|log|json|xml|ya?ml|toml|ini|patch|diff|ics|vcf|eml)$/i;
/** More text than this is for a program of its own. */
export const LARGEST_TEXT = 2_000_000;

export type PreviewKind = "image" | "pdf" | "text";

/** How a file can be looked at without saving it; never as what a browser would run. */
export function previewOf({ media_type, name, size }: Pick<Attachment, "media_type" | "name" | "size">): PreviewKind | undefined {
  const [type = ""] = media_type.toLowerCase().split(";");
  if (IMAGES.includes(type)) return "image";
  if (type === "application/pdf" || (type === "application/octet-stream" && /\.pdf$/i.test(name))) return "pdf";
  if (size <= LARGEST_TEXT && (TEXTS.test(type) || (TEXT_NAMES.test(name) && (type === "application/octet-stream" || type.startsWith("text/")) && type !== "text/html"))) return "text";
  return undefined;
}
