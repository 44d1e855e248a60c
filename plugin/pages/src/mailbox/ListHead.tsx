/** What a list is called, what narrows it at a click, and, when rows are ticked, what can be done to them. */
import Button from "antd/es/button";
import Checkbox from "antd/es/checkbox";
import Dropdown from "antd/es/dropdown";
import Tooltip from "antd/es/tooltip";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useCommand } from "./commands.tsx";
import type { Folders } from "./effect.ts";
import { FolderPicker, usePicker } from "./FolderPicker.tsx";
import { ArchiveIcon, LabelIcon, MoreIcon, MoveIcon, ReadIcon, SpamIcon, SyncIcon, TrashIcon } from "./icons.tsx";
import type { Filter, Place } from "./place.ts";
import { NONE, everyLoaded, isEmpty, type Selection } from "./selection.ts";
import type { Folder, ThreadSummary } from "./types.ts";
import type { Bulk } from "./useBulk.ts";

interface Props {
  title: string;
  place: Place;
  selection: Selection;
  loaded: number;
  /** Nothing more is to be loaded. */
  whole: boolean;
  order: readonly string[];
  bulk: Bulk | undefined;
  folders: Folders;
  folderList: readonly Folder[];
  items: readonly ThreadSummary[];
  refreshing: boolean;
  onRefresh: () => void;
  onSelect: (selection: Selection) => void;
  onEverything: () => void;
  onGo: (place: Place, replace?: boolean) => void;
}

export function ListHead(props: Props) {
  const { title, place, selection, loaded, whole, order, bulk, folders, folderList, refreshing, onRefresh, onSelect, onEverything, onGo } = props;
  const { t } = useTranslation("mailbox");
  const count = selection.ids.size;
  const some = !isEmpty(selection);
  const all = some && (selection.all || count === loaded);
  const box = (
    <Checkbox
      checked={all}
      indeterminate={some && !all}
      disabled={loaded === 0}
      aria-label={t("tickAll")}
      onChange={() => onSelect(all ? NONE : everyLoaded(order))}
    />
  );
  if (bulk === undefined) {
    return (
      <div className="mail-list-head">
        {box}
        <h1 title={title}>{title}</h1>
        <QuickFilters filter={place.filter} onChange={(filter) => onGo({ view: place.view, filter })} />
        <Tooltip title={t("refresh")}>
          <Button type="text" size="small" aria-label={t("refresh")} icon={<SyncIcon spin={refreshing} />} onClick={onRefresh} />
        </Tooltip>
      </div>
    );
  }
  return (
    <>
      <div className="mail-list-head" role="toolbar" aria-label={t("bulk")}>
        {box}
        <span className="mail-list-count" role="status">
          {selection.all ? t("allTicked") : t("ticked", { count })}
        </span>
        <BulkButtons bulk={bulk} place={place} folders={folders} folderList={folderList} />
      </div>
      {all && !whole ? (
        <div className="mail-list-all">
          {selection.all ? (
            <>
              <span>{t("everythingTicked")}</span>
              <Button type="link" size="small" onClick={() => onSelect(NONE)}>
                {t("untick")}
              </Button>
            </>
          ) : (
            <>
              <span>{t("loadedTicked", { count })}</span>
              <Button type="link" size="small" onClick={onEverything}>
                {t("tickEverything")}
              </Button>
            </>
          )}
        </div>
      ) : null}
    </>
  );
}

function QuickFilters({ filter, onChange }: { filter: Filter; onChange: (filter: Filter) => void }) {
  const { t } = useTranslation("mailbox");
  return (
    <div className="mail-quick" role="group" aria-label={t("filters")}>
      {(["unread", "starred"] as const).map((name) => (
        <button
          key={name}
          type="button"
          aria-pressed={filter[name] === true}
          onClick={() => {
            const { [name]: on, ...rest } = filter;
            onChange(on === true ? rest : { ...filter, [name]: true });
          }}
        >
          {t(`filter.${name}`)}
        </button>
      ))}
    </div>
  );
}

interface BulkProps {
  bulk: Bulk;
  place: Place;
  folders: Folders;
  folderList: readonly Folder[];
}

function BulkButtons({ bulk, place, folders, folderList }: BulkProps) {
  const { t } = useTranslation("mailbox");
  const move = usePicker();
  const label = usePicker();
  const accounts = new Set(bulk.items.map((item) => item.account));
  const [account] = accounts;
  const role = place.view.kind === "role" ? place.view.role : place.view.kind === "folder" ? folders.byId.get(place.view.folder)?.role : undefined;
  const single = accounts.size === 1 && account !== undefined;
  useCommand("move", single ? move.show : undefined);
  useCommand("label", single ? label.show : undefined);
  const anyUnread = bulk.items.some((item) => item.marks.includes("unread"));
  const button = (name: string, icon: ReactNode, run: () => void) => (
    <Tooltip title={name}>
      <Button type="text" size="small" aria-label={name} icon={icon} onClick={run} />
    </Tooltip>
  );
  const putAway = role === "trash" || role === "spam";
  return (
    <div className="mail-bulk">
      {role === "trash"
        ? button(t("do.restore"), <MoveIcon />, () => bulk.run({ action: "restore" }))
        : role === "spam"
          ? button(t("do.not-spam"), <MoveIcon />, () => bulk.run({ action: "not-spam" }))
          : button(t("do.archive"), <ArchiveIcon />, bulk.archive)}
      {role === "trash" ? null : button(t("do.trash"), <TrashIcon />, bulk.trash)}
      {button(t(anyUnread ? "do.mark-read" : "do.mark-unread"), <ReadIcon />, anyUnread ? bulk.markRead : bulk.markUnread)}
      {single && !putAway ? (
        <FolderPicker picker={move} kind="move" account={account} list={folderList} folders={folders} chosen={[]} onPick={(folder) => bulk.run({ action: "move-to", folder })}>
          {button(t("do.move-to"), <MoveIcon />, move.show)}
        </FolderPicker>
      ) : null}
      {single ? (
        <FolderPicker
          picker={label}
          kind="label"
          account={account}
          list={folderList}
          folders={folders}
          chosen={common(bulk.items)}
          onPick={(folder, on) => bulk.run({ action: on ? "add-label" : "remove-label", folder })}
        >
          {button(t("do.add-label"), <LabelIcon />, label.show)}
        </FolderPicker>
      ) : null}
      <Dropdown
        trigger={["click"]}
        menu={{
          items: [
            { key: "mark-read", label: t("do.mark-read"), onClick: bulk.markRead },
            { key: "mark-unread", label: t("do.mark-unread"), onClick: bulk.markUnread },
            { key: "star", label: t("do.star"), onClick: () => bulk.run({ action: "star" }) },
            { key: "unstar", label: t("do.unstar"), onClick: () => bulk.run({ action: "unstar" }) },
            ...(role === "spam" ? [] : [{ key: "spam", label: t("do.spam"), icon: <SpamIcon />, onClick: bulk.spam }]),
          ],
        }}
      >
        <Button type="text" size="small" aria-label={t("more")} icon={<MoreIcon />} />
      </Dropdown>
    </div>
  );
}

/** The labels that all have. */
function common(items: readonly ThreadSummary[]): string[] {
  const [first, ...rest] = items;
  return first === undefined ? [] : first.folders.filter((id) => rest.every((item) => item.folders.includes(id)));
}
