import Image from "@tiptap/extension-image";
import Placeholder from "@tiptap/extension-placeholder";
import type { Extensions } from "@tiptap/react";
import StarterKit from "@tiptap/starter-kit";

/** An image that remembers the Content-ID under which the mail will carry it. */
const MailImage = Image.extend({
  addAttributes() {
    return {
      ...this.parent?.(),
      cid: {
        default: null,
        parseHTML: (element: HTMLElement) => element.getAttribute("data-cid"),
        renderHTML: ({ cid }: { cid?: string | null }) => (cid ? { "data-cid": cid } : {}),
      },
    };
  },
});

/** What a mail's text may be made of: whatever every mail program shows. */
export function extensions(placeholder: string): Extensions {
  return [
    StarterKit.configure({
      codeBlock: false,
      heading: { levels: [1, 2, 3] },
      link: {
        openOnClick: false,
        autolink: true,
        defaultProtocol: "https",
        protocols: ["mailto", "tel"],
        // Mail programs decide for themselves where a link opens.
        HTMLAttributes: { target: null, rel: null },
      },
    }),
    MailImage.configure({ inline: true, allowBase64: true }),
    Placeholder.configure({ placeholder }),
  ];
}

/** An address as people type it, or nothing if it can't be linked to. */
export function linkAddress(text: string): string | undefined {
  const typed = text.trim();
  if (typed === "" || /\s/.test(typed)) return undefined;
  if (/^[^@/:]+@[^@/:]+\.[^@/:]+$/.test(typed)) return `mailto:${typed}`;
  const address = /^[a-z][a-z0-9+.-]*:/i.test(typed) && !/^[^/]+:\d+(\/|$)/.test(typed) ? typed : `https://${typed}`;
  try {
    const url = new URL(address);
    if (!["http:", "https:", "mailto:", "tel:"].includes(url.protocol)) return undefined;
    if (url.protocol.startsWith("http") && !url.hostname.includes(".") && url.hostname !== "localhost") return undefined;
    return url.href;
  } catch {
    return undefined;
  }
}
