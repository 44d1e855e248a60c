/** The rows of a list, of which only those in sight are drawn. Apart from the rest of the list, which is not drawn anew while one scrolls. */
import Button from "antd/es/button";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useEffect, useImperativeHandle, useMemo, type Ref, type RefObject } from "react";
import { useTranslation } from "react-i18next";
import { usePage } from "../app/context.tsx";
import { useFormat } from "../shared/time.ts";
import type { Heading, Row } from "./days.ts";
import type { Folders } from "./effect.ts";
import { SyncIcon } from "./icons.tsx";
import { address, type Place } from "./place.ts";
import { isEmpty, isTicked, type Selection } from "./selection.ts";
import { ThreadRow, type RowHandlers, type RowTexts } from "./ThreadRow.tsx";
import type { ThreadSummary } from "./types.ts";
import { folderName } from "./useViewTitle.ts";

/** All rows are of one height: nothing is measured, and nothing jumps. */
export const ROW = 80;
const HEADING = 34;
/** Pages are asked for before one gets there. */
const AHEAD = 20;

export interface RowsHandle {
  reveal(id: string): void;
}

interface Props {
  ref?: Ref<RowsHandle>;
  title: string;
  rows: readonly Row<ThreadSummary>[];
  /** How many there are; -1: nobody knows yet. */
  size: number;
  place: Place;
  ticked: Selection;
  opened: string | undefined;
  active: string | undefined;
  own: ReadonlySet<string>;
  words: readonly string[];
  folders: Folders;
  colors: ReadonlyMap<string, string>;
  handlers: RowHandlers;
  now: number;
  scroller: RefObject<HTMLDivElement | null>;
  more: boolean;
  failed: boolean;
  onMore: (asked?: "again") => void;
}

export const Rows = memo(function Rows(props: Props) {
  const { ref, title, rows, size, place, ticked, opened, active, own, words, folders, colors, handlers, now, scroller, more, failed, onMore } = props;
  const { t } = useTranslation("mailbox");
  const virtual = useVirtualizer({
    count: rows.length + (more ? 1 : 0),
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (rows[index]?.type === "heading" ? HEADING : ROW),
    getItemKey: (index) => rows[index]?.key ?? "more",
    overscan: 6,
  });
  // How tall a row is depends on what it is, which a list that changed and did not only grow has changed.
  const first = rows[0]?.key;
  const headings = useMemo(() => rows.reduce((sum, row, index) => (row.type === "heading" ? sum + index : sum), 0), [rows]);
  useEffect(() => virtual.measure(), [virtual, first, headings]);
  const drawn = virtual.getVirtualItems();
  const end = drawn.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && end >= rows.length - AHEAD) onMore();
  }, [more, end, rows.length, onMore]);
  useImperativeHandle(
    ref,
    () => ({
      reveal(id) {
        const index = rows.findIndex((row) => row.key === id);
        if (index >= 0) virtual.scrollToIndex(index, { align: "auto" });
      },
    }),
    [rows, virtual],
  );
  const format = useFormat();
  const { locale } = usePage();
  const texts = useMemo<RowTexts>(
    () => ({
      me: t("me"),
      nobody: t("nobody"),
      noSubject: t("noSubject"),
      unread: t("unread"),
      draft: t("draft"),
      star: t("star"),
      unstar: t("unstar"),
      tick: t("tick"),
      withAttachments: t("withAttachments"),
      tickThread: (subject) => t("tickThread", { subject }),
      messages: (count) => t("messages", { count }),
      folder: (folder) => folderName(folder, t),
      short: format.short,
      full: format.full,
    }),
    // The formats follow the language.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [t, locale],
  );
  const ticking = !isEmpty(ticked);
  const shownFolder = place.view.kind === "folder" ? place.view.folder : undefined;
  return (
    <div role="list" aria-label={title} style={{ height: virtual.getTotalSize(), position: "relative" }}>
      {drawn.map(({ index, key, start, size: height }) => {
        const row = rows[index];
        const style = { position: "absolute", insetInline: 0, top: 0, height, transform: `translateY(${start}px)` } as const;
        if (row === undefined) {
          return (
            <div key={key} style={style} role="listitem" className="mail-more">
              {failed ? (
                <Button size="small" onClick={() => onMore("again")}>
                  {t("loadMore")}
                </Button>
              ) : (
                <span>
                  <SyncIcon spin aria-hidden /> {t("loadingMore")}
                </span>
              )}
            </div>
          );
        }
        if (row.type === "heading") {
          return (
            <div key={key} style={style} role="listitem" className="mail-heading">
              <HeadingText heading={row.heading} />
            </div>
          );
        }
        const { item } = row;
        return (
          <div key={key} style={style} role="listitem" aria-posinset={row.index + 1} aria-setsize={size}>
            <ThreadRow
              item={item}
              texts={texts}
              href={address({ ...place, thread: item.id })}
              ticked={isTicked(ticked, item.id)}
              ticking={ticking}
              opened={item.id === opened}
              active={item.id === active}
              own={own}
              words={words}
              folders={folders}
              color={colors.get(item.account)}
              shownFolder={shownFolder}
              handlers={handlers}
              now={now}
            />
          </div>
        );
      })}
    </div>
  );
});

function HeadingText({ heading }: { heading: Heading }) {
  const { t } = useTranslation("mailbox");
  const { locale } = usePage();
  if (heading.kind !== "month") return <>{t(`day.${heading.kind}`)}</>;
  const text = new Intl.DateTimeFormat(locale === "zh" ? "zh-CN" : locale, { month: "long", year: "numeric" }).format(heading.at);
  return <>{text.charAt(0).toLocaleUpperCase() + text.slice(1)}</>;
}

