/** What a message says: as plain text in the page itself, as HTML in a frame of its own. */
import Button from "antd/es/button";
import Skeleton from "antd/es/skeleton";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { usePage } from "../app/context.tsx";
import { Failure } from "../shared/states.tsx";
import { textOptions } from "./data.ts";
import { highlight, passages } from "./highlight.ts";
import { MailFrame } from "./MailFrame.tsx";
import { blocks, pieces } from "./plain.ts";
import type { Message } from "./types.ts";

interface Props {
  message: Message;
  /** Asked for without markup. */
  plain: boolean;
  words: readonly string[];
}

export function MessageBody({ message, plain, words }: Props) {
  const { t } = useTranslation("mailbox");
  const { api } = usePage();
  const text = useQuery(textOptions(api, message.id));
  const [remote, setRemote] = useState(false);
  if (text.isError) return <Failure error={text.error} onRetry={() => void text.refetch()} />;
  if (text.data === undefined) {
    return (
      <div className="mail-message-text" aria-busy aria-hidden>
        <Skeleton active title={false} paragraph={{ rows: 4 }} />
      </div>
    );
  }
  if (plain || !text.data.html) return <PlainText text={text.data.text} quoted={text.data.quoted ?? undefined} words={words} />;
  return (
    <>
      {text.data.remote_blocked > 0 && !remote ? (
        <div className="mail-remote">
          <span>{t("remoteBlocked", { count: text.data.remote_blocked })}</span>
          <Button size="small" onClick={() => setRemote(true)}>
            {t("showImages")}
          </Button>
        </div>
      ) : null}
      <Found text={`${text.data.text} ${text.data.quoted ?? ""}`} words={words} />
      <MailFrame message={message} remote={remote} />
    </>
  );
}

/** Where a search was right: nothing of the page's can be marked within the frame. */
function Found({ text, words }: { text: string; words: readonly string[] }) {
  const { t } = useTranslation("mailbox");
  const found = useMemo(() => passages(text, words), [text, words]);
  if (found.length === 0) return null;
  return (
    <div className="mail-found">
      <span>{t("foundHere")}</span>
      <ul>
        {found.map((passage, index) => (
          <li key={index} dir="auto">
            {passage.map((segment, at) => (segment.hit ? <mark key={at}>{segment.text}</mark> : segment.text))}
          </li>
        ))}
      </ul>
    </div>
  );
}

interface TextProps {
  text: string;
  quoted: string | undefined;
  words: readonly string[];
}

function PlainText({ text, quoted, words }: TextProps) {
  const { t } = useTranslation("mailbox");
  const [open, setOpen] = useState(false);
  const empty = text.trim() === "" && quoted === undefined;
  return (
    <div className="mail-message-text">
      {empty ? <p className="mail-message-empty">{t("emptyMessage")}</p> : <Blocks text={text.trim()} words={words} />}
      {quoted === undefined ? null : (
        <>
          <button type="button" className="mail-quoted-button" aria-expanded={open} aria-label={t(open ? "hideQuoted" : "showQuoted")} title={t(open ? "hideQuoted" : "showQuoted")} onClick={() => setOpen(!open)}>
            •••
          </button>
          {open ? <Blocks text={quoted.trim()} words={words} /> : null}
        </>
      )}
    </div>
  );
}

function Blocks({ text, words }: { text: string; words: readonly string[] }) {
  return (
    <>
      {blocks(text).map((block, index) => (
        <div key={index} dir="auto" className="mail-text-block" style={block.depth === 0 ? undefined : { ["--mail-depth" as string]: Math.min(block.depth, 5) }} data-quoted={block.depth > 0 || undefined}>
          {pieces(block.text).map((piece, at) =>
            piece.href === undefined ? (
              <Words key={at} text={piece.text} words={words} />
            ) : (
              <a key={at} href={piece.href} target="_blank" rel="noopener noreferrer">
                <Words text={piece.text} words={words} />
              </a>
            ),
          )}
        </div>
      ))}
    </>
  );
}

function Words({ text, words }: { text: string; words: readonly string[] }) {
  if (words.length === 0) return <>{text}</>;
  return <>{highlight(text, words).map((segment, index) => (segment.hit ? <mark key={index}>{segment.text}</mark> : segment.text))}</>;
}
