/** The three panes, which of them fit, and how one gets from one to another. */
import Drawer from "antd/es/drawer";
import { Activity, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { usePage, useTitle } from "../app/context.tsx";
import { paths } from "../app/router.tsx";
import { useMedia } from "../app/useReducedMotion.ts";
import { Outbox } from "../compose/Outbox.tsx";
import { useCompose } from "../compose/store.ts";
import { Failure } from "../shared/states.tsx";
import { useActions } from "./actions.ts";
import { useCommand } from "./commands.tsx";
import { Conversation } from "./Conversation.tsx";
import { listName, useAccounts, useFolders, useGone, useThreads } from "./data.ts";
import { FolderPane } from "./FolderPane.tsx";
import { ListPane } from "./ListPane.tsx";
import { Shown } from "./order.ts";
import { address, matching, noFilter, type Place, type Role } from "./place.ts";
import { NONE_READY, opened } from "./ready.ts";
import { Banners } from "./Banners.tsx";
import { ShortcutsHelp } from "./ShortcutsHelp.tsx";
import { Start } from "./Start.tsx";
import { useViewTitle } from "./useViewTitle.ts";
import type { ThreadSummary } from "./types.ts";

interface Props {
  place: Place;
}

/** Folders as a column of their own only where list and text keep enough room. */
const WIDE = "(min-width: 1200px)";
const NARROW = "(max-width: 767px)";

export function MailboxPage({ place }: Props) {
  const { navigate } = usePage();
  const { t } = useTranslation("mailbox");
  const wide = useMedia(WIDE);
  const narrow = useMedia(NARROW);
  const accounts = useAccounts();
  const { list: folderList, folders, query: folderQuery } = useFolders();
  const actions = useActions(folders);
  const compose = useCompose();
  const [drawer, setDrawer] = useState(false);
  const [help, setHelp] = useState(false);
  const [frozen, setFrozen] = useState(false);

  // The list beside a page of its own (outbox, full compose) is the one that was there before.
  const lastList = useRef<Place>({ view: { kind: "role", role: "inbox" }, filter: noFilter() });
  const listed = place.view.kind === "outbox" || place.view.kind === "compose" ? lastList.current : place;
  lastList.current = listed;

  const asked = useStable(matching(listed, folderList));
  const threads = useThreads(asked, folders);
  const name = listName(asked);
  const bySearch = asked?.q !== undefined || (asked?.addresses?.length ?? 0) > 0 || (asked?.domains?.length ?? 0) > 0;
  const [shown] = useState(() => new Shown<ThreadSummary>());
  const { items: kept, held } = shown.next(name, threads.items, frozen && !bySearch, place.thread);
  const gone = useGone(place.thread);
  // The open one stays listed whatever becomes of it, but not when it was deleted.
  const items = useMemo(() => (gone ? kept.filter((item) => item.id !== place.thread) : kept), [gone, kept, place.thread]);

  const recent = useRecent(place.thread);
  const go = useCallback((to: Place, replace = false) => navigate(address(to), { replace }), [navigate]);
  const open = useCallback((id: string, replace = false) => go({ ...listed, thread: id }, replace), [go, listed]);
  const close = useCallback(() => go({ view: listed.view, filter: listed.filter }), [go, listed]);
  const goRole = (role: Role) => () => go({ view: { kind: "role", role }, filter: noFilter() });

  useCommand("goInbox", goRole("inbox"));
  useCommand("goStarred", goRole("starred"));
  useCommand("goDrafts", goRole("drafts"));
  useCommand("goSent", goRole("sent"));
  useCommand("goAll", goRole("all"));
  useCommand("help", () => setHelp(true));
  useCommand("undo", actions.undoLast);
  useCommand("compose", () => compose.open({ kind: "new" }));

  const title = useViewTitle(listed, folderList, accounts.data ?? []);
  const unread = listed.view.kind === "role" && listed.view.role === "inbox" ? folderList.filter((folder) => folder.role === "inbox").reduce((sum, folder) => sum + folder.unread, 0) : 0;
  useTitle(unread > 0 ? `${title} (${unread})` : title);
  // What was chosen in it is shown now.
  const at = address(listed);
  useEffect(() => setDrawer(false), [at]);

  if (accounts.isError && accounts.data === undefined) return <Failure page error={accounts.error} onRetry={() => void accounts.refetch()} />;
  if (accounts.data?.length === 0) return <Start onLink={() => navigate(paths.accounts)} />;

  const full = place.view.kind === "compose";
  const outbox = place.view.kind === "outbox";
  const folderPane = (compact: boolean) => (
    <FolderPane
      compact={compact}
      place={place}
      folders={folderList}
      accounts={accounts.data ?? []}
      loading={folderQuery.isPending}
      onExpand={() => setDrawer(true)}
      onHelp={() => setHelp(true)}
      onCompose={() => {
        setDrawer(false);
        compose.open({ kind: "new" });
      }}
    />
  );

  return (
    <div className="mail-panes" data-open={place.thread !== undefined || outbox || full || undefined} data-layout={wide ? "wide" : narrow ? "narrow" : "middle"}>
      {narrow ? null : folderPane(!wide)}
      <Drawer open={drawer && !wide} onClose={() => setDrawer(false)} placement="left" size={292} title={t("folders")} className="mail-drawer" styles={{ body: { padding: 0 } }}>
        {drawer ? folderPane(false) : null}
      </Drawer>
      <div className="mail-middle">
        <Banners accounts={accounts.data ?? []} />
        <ListPane
          key={name}
          title={title}
          place={listed}
          asked={asked}
          folders={folders}
          folderList={folderList}
          accounts={accounts.data ?? []}
          items={items}
          held={held}
          query={threads.query}
          opened={place.thread}
          bySearch={bySearch}
          actions={actions}
          onFreeze={setFrozen}
          onOpen={open}
          onGo={go}
          onCompose={narrow ? () => compose.open({ kind: "new" }) : undefined}
          onMenu={narrow ? () => setDrawer(true) : undefined}
        />
      </div>
      <section className="mail-reader" aria-label={outbox ? t("outbox") : t("conversation")}>
        {outbox ? <Outbox onBack={close} /> : null}
        {!outbox && !full && place.thread === undefined ? <div className="mail-nothing">{items.length > 0 ? t("nothingOpen") : null}</div> : null}
        {recent.map((id) => (
          // What was open a moment ago stays as it was, its frames and its place included.
          <Activity key={id} mode={id === place.thread && !outbox ? "visible" : "hidden"}>
            <Conversation
              id={id}
              place={listed}
              asked={asked}
              items={items}
              folders={folders}
              folderList={folderList}
              accounts={accounts.data ?? []}
              actions={actions}
              narrow={narrow}
              onOpen={open}
              onClose={close}
            />
          </Activity>
        ))}
      </section>
      <ShortcutsHelp open={help} onClose={() => setHelp(false)} />
    </div>
  );
}

/** The same object as long as it says the same. */
function useStable<T>(value: T): T {
  const text = JSON.stringify(value);
  // eslint-disable-next-line react-hooks/exhaustive-deps
  return useMemo(() => value, [text]);
}

/** Conversations that are kept ready: the open one and those before it. */
const READY = 4;

function useRecent(id: string | undefined): readonly string[] {
  const [ready, setReady] = useState(NONE_READY);
  if (id === undefined || ready.used[0] === id) return ready.places;
  const next = opened(ready, id, READY);
  setReady(next);
  return next.places;
}
