import { memo, type MouseEvent } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../shared/time.ts";
import { Avatar } from "./Avatar.tsx";
import type { Folders } from "./effect.ts";
import { highlight } from "./highlight.ts";
import { ClipIcon, StarFilled, StarIcon } from "./icons.tsx";
import { participants } from "./people.ts";
import type { Folder, ThreadSummary } from "./types.ts";
import { folderName } from "./useViewTitle.ts";

export interface RowHandlers {
  open(id: string): void;
  tick(id: string, range: boolean): void;
  star(item: ThreadSummary): void;
  focus(id: string): void;
  /** It may be opened soon. */
  near(id: string): void;
}

interface Props {
  item: ThreadSummary;
  href: string;
  ticked: boolean;
  /** Some row is ticked: then boxes are shown in place of pictures. */
  ticking: boolean;
  opened: boolean;
  active: boolean;
  own: ReadonlySet<string>;
  words: readonly string[];
  folders: Folders;
  /** Of its account, in lists over several. */
  color: string | undefined;
  shownFolder: string | undefined;
  handlers: RowHandlers;
  /** Dates are told from here; a new day draws all rows anew. */
  now: number;
}

/** Labels that fit a row. */
const LABELS = 2;

export const ThreadRow = memo(function ThreadRow({ item, href, ticked, ticking, opened, active, own, words, folders, color, shownFolder, handlers }: Props) {
  const { t } = useTranslation("mailbox");
  const format = useFormat();
  const unread = item.marks.includes("unread");
  const starred = item.marks.includes("starred");
  const people = participants(item.participants, own, t("me"));
  const who = people === "" ? t("nobody") : people;
  const subject = item.subject.trim() === "" ? t("noSubject") : item.subject;
  const first = item.participants.find((address) => !own.has(address.email.toLowerCase())) ?? item.participants[0];
  const labels = item.folders.flatMap((id) => {
    const folder = folders.byId.get(id);
    return folder !== undefined && id !== shownFolder && (folder.role === "label" || (folder.role === "folder" && shownFolder === undefined && words.length > 0)) ? [folder] : [];
  });
  const clicked = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.altKey) return;
    event.preventDefault();
    if (event.shiftKey) handlers.tick(item.id, true);
    else handlers.open(item.id);
  };
  const tab = active ? 0 : -1;
  return (
    <div
      className="mail-row"
      data-thread={item.id}
      data-unread={unread || undefined}
      data-ticked={ticked || undefined}
      data-ticking={ticking || undefined}
      data-opened={opened || undefined}
      onMouseEnter={() => handlers.near(item.id)}
    >
      <label className="mail-row-tick" title={t("tick")}>
        <Avatar address={first} />
        <input
          type="checkbox"
          checked={ticked}
          tabIndex={tab}
          aria-label={t("tickThread", { subject })}
          onChange={(event) => handlers.tick(item.id, event.nativeEvent instanceof MouseEvent && event.nativeEvent.shiftKey)}
        />
      </label>
      <a
        href={href}
        className="mail-row-body"
        tabIndex={tab}
        aria-current={opened ? "true" : undefined}
        onClick={clicked}
        onFocus={() => {
          handlers.focus(item.id);
          handlers.near(item.id);
        }}
      >
        <span className="mail-row-line">
          {unread ? <span className="em-visually-hidden">{t("unread")}: </span> : null}
          <span className="mail-row-who" dir="auto">
            {who}
          </span>
          {item.messages > 1 ? (
            <span className="mail-row-size" title={t("messages", { count: item.messages })}>
              {item.messages}
            </span>
          ) : null}
          {item.marks.includes("draft") ? <span className="mail-row-draft">{t("draft")}</span> : null}
          <span className="mail-row-space" />
          {item.marks.includes("attachments") ? <ClipIcon className="mail-row-clip" role="img" aria-label={t("withAttachments")} /> : null}
          <time dateTime={new Date(item.latest).toISOString()} title={format.full(item.latest)}>
            {format.short(item.latest)}
          </time>
        </span>
        <span className="mail-row-subject" dir="auto" title={subject}>
          <Marked text={subject} words={words} />
        </span>
        <span className="mail-row-line">
          {labels.slice(0, LABELS).map((label) => (
            <LabelChip key={label.id} folder={label} />
          ))}
          {labels.length > LABELS ? <span className="mail-label">+{labels.length - LABELS}</span> : null}
          <span className="mail-row-snippet" dir="auto">
            <Marked text={item.snippet} words={words} />
          </span>
        </span>
      </a>
      <button
        type="button"
        className="mail-row-star"
        tabIndex={tab}
        aria-pressed={starred}
        aria-label={t(starred ? "unstar" : "star")}
        data-on={starred || undefined}
        onClick={() => handlers.star(item)}
      >
        {starred ? <StarFilled /> : <StarIcon />}
      </button>
      {color === undefined ? null : <span className="mail-row-account" aria-hidden style={{ background: color }} />}
    </div>
  );
});

export function Marked({ text, words }: { text: string; words: readonly string[] }) {
  if (words.length === 0) return <>{text}</>;
  return (
    <>
      {highlight(text, words).map((segment, index) => (segment.hit ? <mark key={index}>{segment.text}</mark> : <span key={index}>{segment.text}</span>))}
    </>
  );
}

export function LabelChip({ folder }: { folder: Folder }) {
  const { t } = useTranslation("mailbox");
  return (
    <span className="mail-label" title={folder.name}>
      {folder.color == null ? null : <span className="mail-label-dot" style={{ background: folder.color }} aria-hidden />}
      <span>{folderName(folder, t)}</span>
    </span>
  );
}
