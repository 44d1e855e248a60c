/**
 * HTML mail in a document of its own origin. The frame may run one script: the host's own, named by its hash in the policy that the document comes
 * with; it tells how tall the mail is and which keys were pressed. Whatever a message brings can't run, read or send anything.
 */
import Skeleton from "antd/es/skeleton";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useKeySink } from "./commands.tsx";
import type { Message } from "./types.ts";

/** Taller mail scrolls in its frame. Newsletters reach a third of this. */
const TALLEST = 100_000;
/** A mail whose height depends on the frame's would grow for ever. */
const CHANGES = 40;
/** Without a word from the frame after it has loaded, it gets this and scrolls. */
const UNKNOWN = 480;
const PATIENCE = 1_500;

const heights = new Map<string, number>();

interface Props {
  message: Message;
  remote: boolean;
}

export function MailFrame({ message, remote }: Props) {
  const { t } = useTranslation("mailbox");
  const sink = useKeySink();
  const keys = useRef(sink);
  keys.current = sink;
  const frame = useRef<HTMLIFrameElement>(null);
  const name = `${message.id} ${remote}`;
  const [height, setHeight] = useState(() => heights.get(name));
  const [scrolls, setScrolls] = useState(false);
  const changes = useRef(0);
  const timer = useRef<number | undefined>(undefined);

  useEffect(() => {
    const heard = (event: MessageEvent<unknown>) => {
      if (event.source === null || event.source !== frame.current?.contentWindow) return;
      const said = read(event.data);
      if (said === undefined) return;
      if (said.kind === "key") {
        keys.current({ ...said, at: event.timeStamp });
        return;
      }
      window.clearTimeout(timer.current);
      changes.current += 1;
      if (changes.current > CHANGES) return setScrolls(true);
      const next = Math.min(Math.max(Math.ceil(said.height), 24), TALLEST);
      heights.set(name, next);
      setScrolls(said.height > TALLEST);
      setHeight(next);
    };
    window.addEventListener("message", heard);
    return () => {
      window.removeEventListener("message", heard);
      window.clearTimeout(timer.current);
    };
  }, [name]);

  const loaded = () => {
    if (heights.has(name)) return;
    timer.current = window.setTimeout(() => {
      setScrolls(true);
      setHeight((known) => known ?? UNKNOWN);
    }, PATIENCE);
  };
  return (
    <div className="mail-frame" data-pending={height === undefined || undefined}>
      <iframe
        ref={frame}
        title={t("messageText", { subject: message.subject })}
        src={`/api/mail/messages/${encodeURIComponent(message.id)}/view?measured=true${remote ? "&remote=true" : ""}`}
        sandbox="allow-scripts allow-popups allow-popups-to-escape-sandbox"
        referrerPolicy="no-referrer"
        scrolling={scrolls ? "auto" : "no"}
        style={{ height: height ?? 160 }}
        onLoad={loaded}
      />
      {height === undefined ? (
        <div className="mail-frame-skeleton" aria-hidden>
          <Skeleton active title={false} paragraph={{ rows: 4 }} />
        </div>
      ) : null}
    </div>
  );
}

type Said = { kind: "height"; height: number } | { kind: "key"; key: string; code: string; shift: boolean };

/** What the frame said, if it is of the shapes that its script says. */
function read(data: unknown): Said | undefined {
  if (typeof data !== "object" || data === null || !("view" in data)) return undefined;
  if (data.view === "height" && "height" in data && typeof data.height === "number" && Number.isFinite(data.height)) return { kind: "height", height: data.height };
  if (data.view !== "key" || !("key" in data) || typeof data.key !== "string" || data.key.length > 16) return undefined;
  const code = "code" in data && typeof data.code === "string" ? data.code : "";
  return { kind: "key", key: data.key, code, shift: "shift" in data && data.shift === true };
}
