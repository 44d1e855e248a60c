import { memo, type MouseEvent } from "react";
import { useTranslation } from "react-i18next";
import { Avatar } from "./Avatar.tsx";
import type { Folders } from "./effect.ts";
import { around, highlight } from "./highlight.ts";
import { participants } from "./people.ts";
import { StarButton } from "./StarButton.tsx";
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

/** Texts and formats of all rows, looked up once: a row must be cheap to draw. */
export interface RowTexts {
  me: string;
  nobody: string;
  noSubject: string;
  unread: string;
  draft: string;
  star: string;
  unstar: string;
  tick: string;
  withAttachments: string;
  tickThread(subject: string): string;
  messages(count: number): string;
  folder(folder: Folder): string;
  short(at: number): string;
  full(at: number): string;
}

interface Props {
  item: ThreadSummary;
  texts: RowTexts;
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

export const ThreadRow = memo(function ThreadRow({ item, texts, href, ticked, ticking, opened, active, own, words, folders, color, shownFolder, handlers }: Props) {
  const unread = item.marks.includes("unread");
  const starred = item.marks.includes("starred");
  const people = participants(item.participants, own, texts.me);
  const who = people === "" ? texts.nobody : people;
  const subject = item.subject.trim() === "" ? texts.noSubject : item.subject;
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
      <label className="mail-row-tick" title={texts.tick}>
        <Avatar address={first} />
        <input
          type="checkbox"
          checked={ticked}
          tabIndex={tab}
          aria-label={texts.tickThread(subject)}
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
          {unread ? <span className="em-visually-hidden">{texts.unread}: </span> : null}
          <span className="mail-row-who" dir="auto">
            {who}
          </span>
          {item.messages > 1 ? (
            <span className="mail-row-size" title={texts.messages(item.messages)}>
              {item.messages}
            </span>
          ) : null}
          {item.marks.includes("draft") ? <span className="mail-row-draft">{texts.draft}</span> : null}
          <span className="mail-row-space" />
          {item.marks.includes("attachments") ? <Clip label={texts.withAttachments} /> : null}
          <time dateTime={new Date(item.latest).toISOString()} title={texts.full(item.latest)}>
            {texts.short(item.latest)}
          </time>
        </span>
        <span className="mail-row-subject" dir="auto" title={subject}>
          <Marked text={subject} words={words} />
        </span>
        <span className="mail-row-line">
          {labels.slice(0, LABELS).map((label) => (
            <Chip key={label.id} folder={label} name={texts.folder(label)} />
          ))}
          {labels.length > LABELS ? <span className="mail-label">+{labels.length - LABELS}</span> : null}
          <span className="mail-row-snippet" dir="auto">
            <Marked text={around(item.snippet, words)} words={words} />
          </span>
        </span>
      </a>
      <StarButton on={starred} label={starred ? texts.unstar : texts.star} tabIndex={tab} onClick={() => handlers.star(item)} />
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

function Chip({ folder, name }: { folder: Folder; name: string }) {
  return (
    <span className="mail-label" title={folder.name}>
      {folder.color == null ? null : <span className="mail-label-dot" style={{ background: folder.color }} aria-hidden />}
      <span>{name}</span>
    </span>
  );
}

export function LabelChip({ folder }: { folder: Folder }) {
  const { t } = useTranslation("mailbox");
  return <Chip folder={folder} name={folderName(folder, t)} />;
}

const CLIP = "M8 12.5l6.2-6.2a2.7 2.7 0 0 1 3.8 3.8l-8 8a4.5 4.5 0 0 1-6.4-6.4l7.4-7.4";

/** Lighter than the kit's icons, of which a screen of rows would draw dozens. */
export function Clip({ label }: { label: string }) {
  return (
    <svg className="mail-row-clip" viewBox="0 0 24 24" width="15" height="15" role="img" aria-label={label} fill="none" stroke="currentColor" strokeWidth="1.7" strokeLinecap="round">
      <path d={CLIP} />
    </svg>
  );
}
