/** One list: its head, what narrows it, and its rows, of which only those in sight are drawn. */
import Button from "antd/es/button";
import Skeleton from "antd/es/skeleton";
import { useQueryClient, type UseInfiniteQueryResult } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { usePage } from "../app/context.tsx";
import { Empty, Failure } from "../shared/states.tsx";
import { useNow } from "../shared/time.ts";
import type { Actions } from "./actions.ts";
import { useCommand } from "./commands.tsx";
import { checkForMail, prefetchThread } from "./data.ts";
import { accountColors } from "./colors.ts";
import { withHeadings, type Made } from "./days.ts";
import type { Folders } from "./effect.ts";
import { Filters } from "./Filters.tsx";
import { terms } from "./highlight.ts";
import { ComposeIcon, MenuIcon, SearchIcon } from "./icons.tsx";
import { ListHead } from "./ListHead.tsx";
import { narrowings, noFilter, type Place } from "./place.ts";
import { refreshLists } from "./refresh.ts";
import { SearchBox } from "./SearchBox.tsx";
import { NONE, everyLoaded, everything, extend, isEmpty, keep, toggle, type Selection } from "./selection.ts";
import { ROW, Rows, type RowsHandle } from "./Rows.tsx";
import type { RowHandlers } from "./ThreadRow.tsx";
import type { Account, Folder, Matching, ThreadSummary } from "./types.ts";
import { useBulk } from "./useBulk.ts";

/** Further down than this, what comes in is held back. */
const TOP = 24;

interface Props {
  title: string;
  place: Place;
  asked: Matching | undefined;
  folders: Folders;
  folderList: readonly Folder[];
  accounts: readonly Account[];
  items: readonly ThreadSummary[];
  held: number;
  query: UseInfiniteQueryResult;
  opened: string | undefined;
  bySearch: boolean;
  actions: Actions;
  onFreeze: (frozen: boolean) => void;
  onOpen: (id: string) => void;
  onGo: (place: Place, replace?: boolean) => void;
  onMenu: (() => void) | undefined;
  /** A button to write where the folders' own is not in sight. */
  onCompose: (() => void) | undefined;
}

export function ListPane(props: Props) {
  const { title, place, asked, folders, folderList, accounts, items, held, query, opened, bySearch, actions, onFreeze, onOpen, onGo, onMenu, onCompose } = props;
  const { api } = usePage();
  const client = useQueryClient();
  const { t } = useTranslation("mailbox");
  const [selection, setSelection] = useState<Selection>(NONE);
  const [focused, setFocused] = useState<string | undefined>(opened);
  const [refreshing, setRefreshing] = useState(false);
  const scroller = useRef<HTMLDivElement>(null);
  const now = useNow();

  const order = useMemo(() => items.map((item) => item.id), [items]);
  const ticked = keep(selection, order);
  if (ticked !== selection) setSelection(ticked);
  const bulk = useBulk({ selection: ticked, items, asked, actions, onDone: () => setSelection(NONE) });

  // Rows keep their places while the reader is further down or has ticked some.
  const [away, setAway] = useState(false);
  useEffect(() => onFreeze(away || !isEmpty(ticked)), [away, ticked, onFreeze]);
  useEffect(() => () => onFreeze(false), [onFreeze]);

  const made = useRef<Made<ThreadSummary> | undefined>(undefined);
  const rows = useMemo(() => {
    if (bySearch) return items.map((item, index) => ({ type: "item" as const, key: item.id, item, index }));
    made.current = withHeadings(items, now, made.current);
    return made.current.rows;
  }, [items, now, bySearch]);

  const more = query.hasNextPage;

  const own = useMemo(() => new Set(accounts.flatMap((account) => [account.email, ...account.aliases].map((each) => each.toLowerCase()))), [accounts]);
  const colors = useMemo(() => accountColors(accounts), [accounts]);
  const words = useMemo(() => terms(place.filter.q), [place.filter.q]);
  const drawn = useRef<RowsHandle>(null);
  const reveal = useCallback((id: string) => drawn.current?.reveal(id), []);
  const focusRow = useCallback((id: string) => {
    setFocused(id);
    reveal(id);
    // Once it is drawn.
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-thread="${CSS.escape(id)}"] a`)?.focus({ preventScroll: true }));
  }, [reveal]);
  useEffect(() => {
    if (opened !== undefined) {
      setFocused(opened);
      reveal(opened);
    }
    // Where it is matters when it is opened, not when the list moves.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [opened]);

  const active = focused !== undefined && order.includes(focused) ? focused : order[0];
  const step = (by: number) => {
    if (order.length === 0) return;
    const at = active === undefined ? -1 : order.indexOf(active);
    const next = order[Math.min(Math.max((focused === undefined ? -1 : at) + by, 0), order.length - 1)];
    if (next === undefined) return;
    if (opened !== undefined) {
      reveal(next);
      onOpen(next);
    } else focusRow(next);
  };
  useCommand("next", () => step(1));
  useCommand("previous", () => step(-1));
  useCommand("open", opened === undefined && active !== undefined ? () => onOpen(active) : undefined);
  useCommand("tick", active === undefined ? undefined : () => setSelection(toggle(ticked, active, order)));
  useCommand("selectAll", () => setSelection(everyLoaded(order)));
  const able = opened === undefined && active !== undefined;
  const onActive = (run: (item: ThreadSummary) => void) => {
    if (!isEmpty(ticked) || !able) return undefined;
    const item = items.find((each) => each.id === active);
    return item === undefined ? undefined : () => run(item);
  };
  // Without ticked rows the shortcuts mean the row that has the focus; an open conversation answers itself.
  const one = (item: ThreadSummary) => ({ subject: { kind: "threads" as const, ids: new Set([item.id]) }, items: [item], asked });
  const gone = (action: "archive" | "trash" | "spam") => (item: ThreadSummary) => {
    const at = order.indexOf(item.id);
    const next = order[at + 1] ?? order[at - 1];
    actions.act({ change: { action }, ...one(item) });
    if (next !== undefined) focusRow(next);
  };
  useCommand("archive", bulk?.archive ?? onActive(gone("archive")));
  useCommand("trash", bulk?.trash ?? onActive(gone("trash")));
  useCommand("spam", bulk?.spam ?? onActive(gone("spam")));
  useCommand("markRead", bulk?.markRead ?? onActive((item) => actions.act({ change: { action: "mark-read" }, ...one(item) })));
  useCommand("markUnread", bulk?.markUnread ?? onActive((item) => actions.act({ change: { action: "mark-unread" }, ...one(item) })));
  const star = (item: ThreadSummary) => actions.act({ change: { action: item.marks.includes("starred") ? "unstar" : "star" }, ...one(item), quiet: true });
  useCommand("star", bulk?.star ?? onActive(star));

  // The same functions for all rows and as long as the list lives: a row is drawn again only if it changed itself.
  const latest = useRef({ ticked, order, star, onOpen });
  latest.current = { ticked, order, star, onOpen };
  const handlers = useMemo<RowHandlers>(
    () => ({
      open: (id) => latest.current.onOpen(id),
      tick(id, range) {
        const { ticked, order } = latest.current;
        setFocused(id);
        setSelection(range ? extend(ticked, id, order) : toggle(ticked, id, order));
      },
      star: (item) => latest.current.star(item),
      focus: setFocused,
      near: (id) => prefetchThread(api, client, id),
    }),
    [api, client],
  );

  const { isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query;
  const onMore = useCallback(
    (asked?: "again") => {
      if (!isFetchingNextPage && (asked === "again" || !isFetchNextPageError)) void fetchNextPage();
    },
    [isFetchingNextPage, isFetchNextPageError, fetchNextPage],
  );

  const refresh = async () => {
    setRefreshing(true);
    scroller.current?.scrollTo({ top: 0 });
    await Promise.all([checkForMail(api, client, accounts), refreshLists(client, api, "unknown")]);
    setRefreshing(false);
  };
  const pressed = (event: React.KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: Number.NEGATIVE_INFINITY, End: Number.POSITIVE_INFINITY }[event.key];
    if (by === undefined || event.ctrlKey || event.metaKey || event.altKey || order.length === 0) return;
    event.preventDefault();
    const at = Math.max(order.indexOf(active ?? ""), 0);
    const next = order[Math.min(Math.max(at + by, 0), order.length - 1)];
    if (next === undefined) return;
    if (event.shiftKey) setSelection(extend(ticked.anchor === undefined && active !== undefined ? toggle(ticked, active, order) : ticked, next, order));
    focusRow(next);
  };
  const showNew = () => {
    setAway(false);
    onFreeze(false);
    scroller.current?.scrollTo({ top: 0 });
  };

  const loading = asked !== undefined && query.isPending;
  return (
    <section className="mail-list" aria-label={title}>
      <div className="mail-list-top">
        {onMenu === undefined ? null : <Button type="text" aria-label={t("allFolders")} icon={<MenuIcon />} onClick={onMenu} />}
        <SearchBox
          q={place.filter.q ?? ""}
          onSearch={(q) => onGo({ view: { kind: "search" }, filter: place.view.kind === "search" ? { ...place.filter, q } : { ...noFilter(), q } })}
          onClear={() => onGo(place.view.kind === "search" ? { view: { kind: "role", role: "inbox" }, filter: noFilter() } : { view: place.view, filter: noFilter() })}
        />
        <Filters place={place} accounts={accounts} folders={folderList} onGo={onGo} />
      </div>
      <ListHead
        title={title}
        place={place}
        selection={ticked}
        loaded={order.length}
        whole={!more}
        order={order}
        bulk={bulk}
        folders={folders}
        folderList={folderList}
        items={items}
        refreshing={refreshing}
        onRefresh={() => void refresh()}
        onSelect={setSelection}
        onEverything={() => setSelection(everything(order))}
        onGo={onGo}
      />
      {held > 0 ? (
        <button type="button" className="mail-held" onClick={showNew}>
          {t("newMail", { count: held })}
        </button>
      ) : null}
      <div
        ref={scroller}
        className="mail-rows"
        onScroll={(event) => setAway(event.currentTarget.scrollTop > TOP)}
        onKeyDown={pressed}
        aria-busy={loading}
      >
        {loading ? (
          <ListSkeleton />
        ) : query.isError && items.length === 0 ? (
          <Failure error={query.error} onRetry={() => void query.refetch()} />
        ) : items.length === 0 && !more ? (
          <EmptyList place={place} onClear={() => onGo({ view: place.view.kind === "search" ? { kind: "role", role: "inbox" } : place.view, filter: noFilter() })} />
        ) : (
          <Rows
            ref={drawn}
            title={title}
            rows={rows}
            size={more ? -1 : order.length}
            place={place}
            ticked={ticked}
            opened={opened}
            active={active}
            own={own}
            words={words}
            folders={folders}
            colors={colors}
            handlers={handlers}
            now={now}
            scroller={scroller}
            more={more}
            failed={query.isFetchNextPageError}
            onMore={onMore}
          />
        )}
      </div>
      {onCompose === undefined ? null : (
        <button type="button" className="mail-write" aria-label={t("compose")} onClick={onCompose}>
          <ComposeIcon />
        </button>
      )}
    </section>
  );
}

function ListSkeleton() {
  const { t } = useTranslation("common");
  return (
    <div role="status">
      <span className="em-visually-hidden">{t("loading")}</span>
      {[0, 1, 2, 3, 4, 5, 6].map((each) => (
        <div key={each} className="mail-row-skeleton" aria-hidden style={{ height: ROW }}>
          <Skeleton active avatar title={{ width: "45%" }} paragraph={{ rows: 1, width: "85%" }} />
        </div>
      ))}
    </div>
  );
}

function EmptyList({ place, onClear }: { place: Place; onClear: () => void }) {
  const { t } = useTranslation("mailbox");
  if (place.view.kind === "search") {
    return (
      <Empty icon={<SearchIcon />} title={place.filter.q === undefined ? t("empty.filtered") : t("empty.search", { q: place.filter.q })} text={t("empty.searchHint")}>
        <Button onClick={onClear}>{t("clearSearch")}</Button>
      </Empty>
    );
  }
  if (narrowings(place.filter) > 0) {
    return (
      <Empty title={t("empty.filtered")}>
        <Button onClick={onClear}>{t("clearFilters")}</Button>
      </Empty>
    );
  }
  const inbox = place.view.kind === "role" && place.view.role === "inbox";
  return <Empty title={t(inbox ? "empty.inbox" : "empty.folder")} text={t(inbox ? "empty.inboxHint" : "empty.folderHint")} />;
}

