/** One conversation: its messages, what can be done to it, and the way to the next one. */
import Button from "antd/es/button";
import Dropdown, { type DropdownProps } from "antd/es/dropdown";
import Skeleton from "antd/es/skeleton";
import Tooltip from "antd/es/tooltip";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { usePage } from "../app/context.tsx";
import { useCompose } from "../compose/store.ts";
import { kindOf } from "../shared/problem.ts";
import { Failure } from "../shared/states.tsx";
import type { Actions } from "./actions.ts";
import { useCommand } from "./commands.tsx";
import { expandedAtFirst, prefetchThread, useThread } from "./data.ts";
import { leaves, type Change, type Folders } from "./effect.ts";
import { FolderPicker, usePicker } from "./FolderPicker.tsx";
import { terms } from "./highlight.ts";
import {
  ArchiveIcon, BackIcon, LabelIcon, MoreIcon, MoveIcon, NextIcon, PreviousIcon, SpamIcon, TrashIcon, UnreadIcon,
} from "./icons.tsx";
import { MessageCard } from "./MessageCard.tsx";
import type { Place } from "./place.ts";
import { StarButton } from "./StarButton.tsx";
import { summaryOf } from "./summary.ts";
import { LabelChip } from "./ThreadRow.tsx";
import { can, type Account, type Folder, type Matching, type Message, type ThreadSummary } from "./types.ts";

/** Reading takes a moment; whoever only passes by has not read it. */
const READ_AFTER = 1_200;
/** More read messages than this in a row are folded into one line. */
const FOLDED = 4;

interface Props {
  id: string;
  place: Place;
  asked: Matching | undefined;
  items: readonly ThreadSummary[];
  folders: Folders;
  folderList: readonly Folder[];
  accounts: readonly Account[];
  actions: Actions;
  narrow: boolean;
  onOpen: (id: string, replace?: boolean) => void;
  onClose: () => void;
}

export function Conversation({ id, place, asked, items, folders, folderList, accounts, actions, narrow, onOpen, onClose }: Props) {
  const { t } = useTranslation("mailbox");
  const { api } = usePage();
  const client = useQueryClient();
  const compose = useCompose();
  const { query, messages } = useThread(id, folders);
  const at = items.findIndex((item) => item.id === id);
  const summary = useMemo(() => items[at] ?? (messages === undefined ? undefined : summaryOf(id, messages)), [items, at, id, messages]);
  const next = items[at + 1]?.id;
  const previous = at > 0 ? items[at - 1]?.id : undefined;
  const account = accounts.find((each) => each.id === summary?.account);
  const move = usePicker();
  const label = usePicker();
  const words = useMemo(() => terms(place.filter.q), [place.filter.q]);
  const head = useRef<HTMLHeadingElement>(null);

  useEffect(() => {
    if (next !== undefined) prefetchThread(api, client, next);
  }, [api, client, next]);

  // Opened by key or click, the conversation is what one wants to scroll and read.
  const loaded = messages !== undefined;
  useEffect(() => {
    if (loaded && narrow) head.current?.focus({ preventScroll: true });
  }, [loaded, narrow]);

  const stays = useRef(false);
  const unread = messages?.some((message) => message.marks.includes("unread")) ?? false;
  const latest = useRef(summary);
  latest.current = summary;
  useEffect(() => {
    if (!unread || stays.current) return undefined;
    const timer = window.setTimeout(() => {
      const item = latest.current;
      if (item !== undefined) actions.act({ change: { action: "mark-read" }, subject: { kind: "threads", ids: new Set([id]) }, items: [item], asked, unasked: true });
    }, READ_AFTER);
    return () => window.clearTimeout(timer);
  }, [unread, id, actions, asked]);

  const run = (change: Change, quiet = false) => {
    if (summary === undefined) return;
    if (change.action === "mark-unread") stays.current = true;
    actions.act({ change, subject: { kind: "threads", ids: new Set([id]) }, items: [summary], asked, quiet });
    if (change.action === "mark-unread" && narrow) return onClose();
    if (!leaves(change)) return;
    // On to the next one, as when reading through the day's mail; on a phone back to the list.
    const then = next ?? previous;
    if (narrow || then === undefined) onClose();
    else onOpen(then, true);
  };
  const starred = summary?.marks.includes("starred") ?? false;
  const last = messages?.at(-1);
  const reply = (relation: "reply" | "reply-all" | "forward") => () => {
    // A draft at the end is not what is answered.
    const target = messages?.findLast((message) => !message.marks.includes("draft")) ?? last;
    if (target !== undefined) compose.open({ kind: "relation", relation, message: target });
  };
  useCommand("archive", () => run({ action: "archive" }));
  useCommand("trash", () => run({ action: "trash" }));
  useCommand("spam", () => run({ action: "spam" }));
  useCommand("star", () => run({ action: starred ? "unstar" : "star" }, true));
  useCommand("markUnread", () => run({ action: "mark-unread" }));
  useCommand("markRead", () => run({ action: "mark-read" }, true));
  useCommand("move", move.show);
  useCommand("label", label.show);
  useCommand("back", onClose);
  useCommand("reply", reply("reply"));
  useCommand("replyAll", reply("reply-all"));
  useCommand("forward", reply("forward"));

  // What was deleted elsewhere is not shown any longer, though it is remembered.
  if (query.isError && (messages === undefined || kindOf(query.error) === "not-found")) {
    return (
      <div className="mail-conversation">
        <header className="mail-conversation-bar">
          <Button type="text" aria-label={t("back")} icon={<BackIcon />} onClick={onClose} />
        </header>
        <Failure error={query.error} onRetry={() => void query.refetch()} />
      </div>
    );
  }

  const roles = new Set(summary?.folders.map((folder) => folders.byId.get(folder)?.role));
  const inTrash = roles.has("trash");
  const inSpam = roles.has("spam");
  const subject = (messages?.[0]?.subject ?? summary?.subject ?? "").trim();
  const labels = summary?.folders.flatMap((folder) => folders.byId.get(folder) ?? []).filter((folder) => folder.role === "label" || folder.role === "folder") ?? [];
  const mayDelete = account !== undefined && can(account, "delete");
  const more: DropdownProps["menu"] = {
    items: [
      { key: "unread", label: t("do.mark-unread"), onClick: () => run({ action: "mark-unread" }) },
      ...(inTrash || inSpam || roles.has("inbox") ? [] : [{ key: "inbox", label: t("do.unarchive"), onClick: () => run({ action: "unarchive" }) }]),
      ...(inTrash ? [{ key: "restore", label: t("do.restore"), onClick: () => run({ action: "restore" }) }] : []),
      inSpam ? { key: "not-spam", label: t("do.not-spam"), onClick: () => run({ action: "not-spam" }) } : { key: "spam", label: t("do.spam"), onClick: () => run({ action: "spam" }) },
      ...(inTrash && mayDelete ? [{ type: "divider" as const }, { key: "delete", danger: true, label: t("do.delete-for-ever"), onClick: () => run({ action: "delete-for-ever" }) }] : []),
    ],
  };
  const button = (name: string, icon: ReactNode, onClick: () => void, disabled = false) => (
    <Tooltip title={name}>
      <Button type="text" aria-label={name} icon={icon} onClick={onClick} disabled={disabled} />
    </Tooltip>
  );
  return (
    <div className="mail-conversation">
      <div className="mail-conversation-bar" role="toolbar" aria-label={t("conversationActions")}>
        {button(t("back"), <BackIcon />, onClose)}
        {inTrash || inSpam
          ? button(t(inTrash ? "do.restore" : "do.not-spam"), <MoveIcon />, () => run({ action: inTrash ? "restore" : "not-spam" }))
          : button(t("do.archive"), <ArchiveIcon />, () => run({ action: "archive" }))}
        {inTrash ? null : button(t("do.trash"), <TrashIcon />, () => run({ action: "trash" }))}
        {narrow || inSpam ? null : button(t("do.spam"), <SpamIcon />, () => run({ action: "spam" }))}
        {narrow ? null : button(t("do.mark-unread"), <UnreadIcon />, () => run({ action: "mark-unread" }))}
        {summary === undefined ? null : (
          <>
            <FolderPicker picker={move} kind="move" account={summary.account} list={folderList} folders={folders} chosen={[]} onPick={(folder) => run({ action: "move-to", folder })}>
              {button(t("do.move-to"), <MoveIcon />, move.show)}
            </FolderPicker>
            <FolderPicker
              picker={label}
              kind="label"
              account={summary.account}
              list={folderList}
              folders={folders}
              chosen={summary.folders}
              onPick={(folder, on) => run({ action: on ? "add-label" : "remove-label", folder })}
            >
              {button(t("do.add-label"), <LabelIcon />, label.show)}
            </FolderPicker>
          </>
        )}
        <Dropdown trigger={["click"]} menu={more}>
          <Button type="text" aria-label={t("more")} icon={<MoreIcon />} />
        </Dropdown>
        <span className="mail-row-space" />
        {at < 0 ? null : (
          <span className="mail-conversation-step">
            {button(t("previous"), <PreviousIcon />, () => previous !== undefined && onOpen(previous, true), previous === undefined)}
            {button(t("next"), <NextIcon />, () => next !== undefined && onOpen(next, true), next === undefined)}
          </span>
        )}
      </div>
      <div className="mail-conversation-scroll">
        <div className="mail-conversation-head">
          <h2 ref={head} tabIndex={-1} dir="auto">
            {subject === "" ? (loaded ? t("noSubject") : <Skeleton.Input active size="small" />) : subject}
          </h2>
          <Tooltip title={t(starred ? "unstar" : "star")}>
            <StarButton on={starred} label={t(starred ? "unstar" : "star")} onClick={() => run({ action: starred ? "unstar" : "star" }, true)} />
          </Tooltip>
          {labels.length === 0 ? null : (
            <div className="mail-conversation-labels">
              {labels.map((folder) => (
                <LabelChip key={folder.id} folder={folder} />
              ))}
            </div>
          )}
        </div>
        {messages === undefined ? (
          <ConversationSkeleton />
        ) : (
          <Messages messages={messages} account={account} folders={folders} words={words} actions={actions} summary={summary} asked={asked} onStay={() => (stays.current = true)} mayDelete={mayDelete} />
        )}
        {last === undefined ? null : (
          <div className="mail-answer">
            <Button onClick={reply("reply")}>{t("reply")}</Button>
            {last.to.length + last.cc.length > 1 ? <Button onClick={reply("reply-all")}>{t("replyAll")}</Button> : null}
            <Button onClick={reply("forward")}>{t("forward")}</Button>
          </div>
        )}
      </div>
    </div>
  );
}

interface MessagesProps {
  messages: readonly Message[];
  account: Account | undefined;
  folders: Folders;
  words: readonly string[];
  actions: Actions;
  summary: ThreadSummary | undefined;
  asked: Matching | undefined;
  onStay: () => void;
  mayDelete: boolean;
}

function Messages({ messages, account, folders, words, actions, summary, asked, onStay, mayDelete }: MessagesProps) {
  const { t } = useTranslation("mailbox");
  // What was open at first stays open when it becomes read; what arrives meanwhile opens too.
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set(expandedAtFirst(messages)));
  const [unfolded, setUnfolded] = useState(false);
  const known = useRef(new Set(messages.map((message) => message.id)));
  useEffect(() => {
    const fresh = messages.filter((message) => !known.current.has(message.id)).map((message) => message.id);
    if (fresh.length === 0) return;
    for (const id of fresh) known.current.add(id);
    setOpen((was) => new Set([...was, ...fresh]));
  }, [messages]);
  const first = messages.findIndex((message) => open.has(message.id));
  // The first one says what it is about; what lies between it and the first open one is folded.
  const hidden = unfolded || first - 2 < FOLDED ? 0 : first - 2;
  const toggle = (id: string) =>
    setOpen((was) => {
      const now = new Set(was);
      if (!now.delete(id)) now.add(id);
      return now;
    });
  const act = (message: Message) => (change: Change, quiet?: boolean) => {
    if (summary === undefined) return;
    if (change.action === "mark-unread") onStay();
    actions.act({ change, subject: { kind: "messages", thread: message.thread, ids: new Set([message.id]) }, items: [summary], asked, quiet: quiet ?? false });
  };
  return (
    <ol className="mail-messages">
      {messages.map((message, index) => {
        if (hidden > 0 && index >= 1 && index <= hidden) {
          if (index > 1) return null;
          return (
            <li key="folded" className="mail-messages-folded">
              <button type="button" onClick={() => setUnfolded(true)}>
                {t("olderMessages", { count: hidden })}
              </button>
            </li>
          );
        }
        return (
          <li key={message.id}>
            <MessageCard
              message={message}
              account={account}
              folders={folders}
              words={words}
              open={open.has(message.id)}
              alone={messages.length === 1}
              mayDelete={mayDelete}
              onToggle={() => toggle(message.id)}
              onAct={act(message)}
            />
          </li>
        );
      })}
    </ol>
  );
}

function ConversationSkeleton() {
  const { t } = useTranslation("common");
  return (
    <div className="mail-message" role="status">
      <span className="em-visually-hidden">{t("loading")}</span>
      <div aria-hidden style={{ padding: 16 }}>
        <Skeleton active avatar title={{ width: 220 }} paragraph={{ rows: 6 }} />
      </div>
    </div>
  );
}
