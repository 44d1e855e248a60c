/** One message: closed as a line, open with its head, text and files. */
import Button from "antd/es/button";
import Dropdown, { type DropdownProps } from "antd/es/dropdown";
import Tooltip from "antd/es/tooltip";
import { Suspense, lazy, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCompose } from "../compose/store.ts";
import { useFormat } from "../shared/time.ts";
import { Attachments } from "./Attachments.tsx";
import { Avatar } from "./Avatar.tsx";
import type { Change, Folders } from "./effect.ts";
import { AlertIcon, DownIcon, MoreIcon } from "./icons.tsx";
import { MessageBody } from "./MessageBody.tsx";
import { nameOf, shortName } from "./people.ts";
import { StarButton } from "./StarButton.tsx";
import { Clip } from "./ThreadRow.tsx";
import type { Account, Address, Message } from "./types.ts";

const Original = lazy(() => import("./Original.tsx"));

interface Props {
  message: Message;
  account: Account | undefined;
  folders: Folders;
  words: readonly string[];
  open: boolean;
  /** The only one of its conversation: it is never closed. */
  alone: boolean;
  mayDelete: boolean;
  onToggle: () => void;
  onAct: (change: Change, quiet?: boolean) => void;
}

export function MessageCard({ message, account, folders, words, open, alone, mayDelete, onToggle, onAct }: Props) {
  const { t } = useTranslation("mailbox");
  const format = useFormat();
  const compose = useCompose();
  const [details, setDetails] = useState(false);
  const [plain, setPlain] = useState(false);
  const [original, setOriginal] = useState(false);
  const shown = open || alone;
  const from = message.from ?? undefined;
  const who = from === undefined ? t("nobody") : nameOf(from);
  const unread = message.marks.includes("unread");
  const starred = message.marks.includes("starred");
  const draft = message.marks.includes("draft");
  const when = message.received;

  if (!shown) {
    return (
      <article className="mail-message" data-unread={unread || undefined}>
        <button type="button" className="mail-message-line" aria-expanded={false} onClick={onToggle}>
          <Avatar address={from} size={28} />
          <span className="mail-message-who" dir="auto">
            {draft ? <span className="mail-row-draft">{t("draft")}</span> : who}
          </span>
          <span className="mail-message-snippet" dir="auto">
            {message.snippet}
          </span>
          {message.attachments.some((file) => !file.inline) ? <Clip label={t("withAttachments")} /> : null}
          <time dateTime={new Date(when).toISOString()} title={format.full(when)}>
            {format.short(when)}
          </time>
        </button>
      </article>
    );
  }

  const roles = new Set(message.folders.map((id) => folders.byId.get(id)?.role));
  const more: DropdownProps["menu"] = {
    items: [
      { key: "reply", label: t("reply"), onClick: () => compose.open({ kind: "relation", relation: "reply", message }) },
      { key: "replyAll", label: t("replyAll"), onClick: () => compose.open({ kind: "relation", relation: "reply-all", message }) },
      { key: "forward", label: t("forward"), onClick: () => compose.open({ kind: "relation", relation: "forward", message }) },
      { type: "divider" },
      unread ? { key: "read", label: t("do.mark-read"), onClick: () => onAct({ action: "mark-read" }, true) } : { key: "unread", label: t("do.mark-unread"), onClick: () => onAct({ action: "mark-unread" }, true) },
      roles.has("trash") ? { key: "restore", label: t("do.restore"), onClick: () => onAct({ action: "restore" }) } : { key: "trash", label: t("do.trash"), onClick: () => onAct({ action: "trash" }) },
      ...(roles.has("trash") && mayDelete ? [{ key: "delete", danger: true, label: t("do.delete-for-ever"), onClick: () => onAct({ action: "delete-for-ever" }) }] : []),
      { type: "divider" },
      { key: "plain", label: t(plain ? "showFormatted" : "showPlain"), onClick: () => setPlain(!plain) },
      { key: "original", label: t("showOriginal"), onClick: () => setOriginal(true) },
    ],
  };
  const recipients = [...message.to, ...message.cc, ...message.bcc];
  return (
    <article className="mail-message" data-open data-unread={unread || undefined} aria-label={t("messageOf", { who, when: format.full(when) })}>
      <header className="mail-message-head">
        <Avatar address={from} />
        <div className="mail-message-people">
          <div className="mail-message-from">
            {alone ? (
              <strong dir="auto">{who}</strong>
            ) : (
              <button type="button" aria-expanded onClick={onToggle} title={t("closeMessage")}>
                <strong dir="auto">{who}</strong>
              </button>
            )}
            {from !== undefined && nameOf(from) !== from.email ? <span className="mail-message-address">&lt;{from.email}&gt;</span> : null}
          </div>
          <button type="button" className="mail-message-to" aria-expanded={details} onClick={() => setDetails(!details)}>
            <span>{recipients.length === 0 ? t("toNobody") : t("to", { who: listed(recipients, account, t("me")) })}</span>
            <DownIcon aria-hidden style={{ fontSize: 10 }} rotate={details ? 180 : 0} />
            <span className="em-visually-hidden">{t("details")}</span>
          </button>
        </div>
        <div className="mail-message-side">
          <time dateTime={new Date(when).toISOString()} title={format.full(when)}>
            {format.moment(when)}
          </time>
          <span className="mail-message-buttons">
            {draft ? (
              <Button type="primary" size="small" onClick={() => compose.open({ kind: "draft", message })}>
                {t("editDraft")}
              </Button>
            ) : (
              <Button type="text" size="small" onClick={() => compose.open({ kind: "relation", relation: "reply", message })}>
                {t("reply")}
              </Button>
            )}
            <Tooltip title={t(starred ? "unstar" : "star")}>
              <StarButton on={starred} label={t(starred ? "unstar" : "star")} onClick={() => onAct({ action: starred ? "unstar" : "star" }, true)} />
            </Tooltip>
            <Dropdown trigger={["click"]} menu={more} placement="bottomRight">
              <Button type="text" size="small" aria-label={t("moreOfMessage")} icon={<MoreIcon />} />
            </Dropdown>
          </span>
        </div>
      </header>
      {details ? <Details message={message} /> : null}
      {message.problem == null ? null : (
        <p className="mail-message-problem">
          <AlertIcon aria-hidden /> <span>{t("malformed", { reason: message.problem })}</span>
        </p>
      )}
      <MessageBody message={message} plain={plain} words={words} />
      <Attachments message={message} />
      {original ? (
        <Suspense>
          <Original message={message} onClose={() => setOriginal(false)} />
        </Suspense>
      ) : null}
    </article>
  );
}

const FEW = 3;

function listed(people: readonly Address[], account: Account | undefined, me: string): string {
  const own = new Set([account?.email, ...(account?.aliases ?? [])].map((each) => each?.toLowerCase()));
  const named = people.slice(0, FEW).map((address) => (own.has(address.email.toLowerCase()) ? me : shortName(address)));
  return named.join(", ") + (people.length > FEW ? ` +${people.length - FEW}` : "");
}

function Details({ message }: { message: Message }) {
  const { t } = useTranslation("mailbox");
  const format = useFormat();
  const people = (list: readonly Address[]) =>
    list.map((address, index) => (
      <span key={index} dir="auto">
        {address.name?.trim() ? `${address.name} <${address.email}>` : address.email}
      </span>
    ));
  const rows: [string, React.ReactNode][] = [
    [t("field.from"), message.from == null ? t("nobody") : people([message.from])],
    ...(message.reply_to.length > 0 ? [[t("field.replyTo"), people(message.reply_to)] as [string, React.ReactNode]] : []),
    [t("field.to"), people(message.to)],
    ...(message.cc.length > 0 ? [[t("field.cc"), people(message.cc)] as [string, React.ReactNode]] : []),
    ...(message.bcc.length > 0 ? [[t("field.bcc"), people(message.bcc)] as [string, React.ReactNode]] : []),
    [t("field.sent"), message.sent == null ? "–" : format.full(message.sent)],
    [t("field.received"), format.full(message.received)],
    [t("field.subject"), <span dir="auto">{message.subject}</span>],
    ...(message.size == null ? [] : [[t("field.size"), format.size(message.size)] as [string, React.ReactNode]]),
    ...(message.message_header_id == null ? [] : [[t("field.id"), <code>{message.message_header_id}</code>] as [string, React.ReactNode]]),
  ];
  return (
    <dl className="mail-message-details">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
