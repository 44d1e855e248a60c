/** Lists over all accounts, then each account with its folders and labels. As a rail of icons where room is short. */
import Button from "antd/es/button";
import Skeleton from "antd/es/skeleton";
import Tooltip from "antd/es/tooltip";
import { useMemo, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { usePage } from "../app/context.tsx";
import { Link, paths } from "../app/router.tsx";
import { useOutboxCount } from "../compose/useOutbox.ts";
import { accountColors } from "./colors.ts";
import { SyncLine } from "./Banners.tsx";
import {
  AllIcon, ArchiveIcon, ComposeIcon, DownIcon, DraftsIcon, FolderIcon, ImportantIcon, InboxIcon, KeyboardIcon, LabelIcon, MenuIcon, NextIcon, OutboxIcon, SentIcon, SettingsIcon,
  SpamIcon, StarIcon, TrashIcon,
} from "./icons.tsx";
import { address, noFilter, presentRoles, type Place, type Role } from "./place.ts";
import { tree, unreadBelow, type Node } from "./tree.ts";
import type { Account, Folder } from "./types.ts";

const ICONS: Record<Role, ReactNode> = {
  inbox: <InboxIcon />,
  starred: <StarIcon />,
  important: <ImportantIcon />,
  drafts: <DraftsIcon />,
  sent: <SentIcon />,
  archive: <ArchiveIcon />,
  all: <AllIcon />,
  spam: <SpamIcon />,
  trash: <TrashIcon />,
};

interface Props {
  compact: boolean;
  place: Place;
  folders: readonly Folder[];
  accounts: readonly Account[];
  loading: boolean;
  onExpand: () => void;
  onHelp: () => void;
  onCompose: () => void;
}

export function FolderPane({ compact, place, folders, accounts, loading, onExpand, onHelp, onCompose }: Props) {
  const { t } = useTranslation("mailbox");
  const outbox = useOutboxCount();
  const several = accounts.length > 1;
  const roles = presentRoles(folders);
  const colors = useMemo(() => accountColors(accounts), [accounts]);
  const current = (role: Role) => place.view.kind === "role" && place.view.role === role && place.filter.account === undefined;
  const items: Item[] = roles.map((role) => ({
    key: role,
    to: address({ view: { kind: "role", role }, filter: noFilter() }),
    icon: ICONS[role],
    name: role === "inbox" && several ? t("allInboxes") : t(`role.${role}`),
    count: countOf(role, folders),
    strong: role === "inbox",
    current: current(role),
  }));
  items.push({ key: "outbox", to: "/mail/outbox", icon: <OutboxIcon />, name: t("outbox"), count: outbox, current: place.view.kind === "outbox" });

  if (compact) {
    return (
      <nav className="mail-rail" aria-label={t("folders")}>
        <Tooltip title={t("allFolders")} placement="right">
          <Button type="text" aria-label={t("allFolders")} icon={<MenuIcon />} onClick={onExpand} />
        </Tooltip>
        <Tooltip title={t("compose")} placement="right">
          <Button type="primary" aria-label={t("compose")} icon={<ComposeIcon />} onClick={onCompose} />
        </Tooltip>
        <div className="mail-rail-items">
          {items.map((item) => (
            <Tooltip key={item.key} title={item.name} placement="right">
              <Link to={item.to} aria-label={item.count > 0 ? `${item.name} (${item.count})` : item.name} aria-current={item.current ? "page" : undefined}>
                {item.icon}
                {item.count > 0 && item.strong === true ? <span className="mail-rail-count" aria-hidden>{item.count > 99 ? "99+" : item.count}</span> : null}
              </Link>
            </Tooltip>
          ))}
        </div>
        <Tooltip title={t("accounts")} placement="right">
          <Link to={paths.accounts} aria-label={t("accounts")}>
            <SettingsIcon />
          </Link>
        </Tooltip>
      </nav>
    );
  }
  return (
    <nav className="mail-folders" aria-label={t("folders")}>
      <div className="mail-folders-top">
        <Button type="primary" block size="large" icon={<ComposeIcon />} onClick={onCompose}>
          {t("compose")}
        </Button>
      </div>
      <div className="mail-folders-scroll">
        {loading && folders.length === 0 ? (
          <div className="mail-folders-loading" aria-hidden>
            <Skeleton active title={false} paragraph={{ rows: 8, width: "80%" }} />
          </div>
        ) : (
          <>
            <ul>{items.map((item) => <Entry key={item.key} item={item} depth={0} />)}</ul>
            {accounts.map((account) => (
              <AccountFolders key={account.id} account={account} alone={!several} color={colors.get(account.id)} place={place} folders={folders} />
            ))}
          </>
        )}
      </div>
      <div className="mail-folders-foot">
        <SyncLine accounts={accounts} />
        <Tooltip title={t("accounts")}>
          <Link to={paths.accounts} aria-label={t("accounts")} className="mail-foot-button">
            <SettingsIcon />
          </Link>
        </Tooltip>
        <Tooltip title={t("keys.title")}>
          <button type="button" className="mail-foot-button" aria-label={t("keys.title")} onClick={onHelp}>
            <KeyboardIcon />
          </button>
        </Tooltip>
      </div>
    </nav>
  );
}

interface Item {
  key: string;
  to: string;
  icon: ReactNode;
  name: string;
  count: number;
  current: boolean;
  strong?: boolean;
}

function countOf(role: Role, folders: readonly Folder[]): number {
  if (role === "sent" || role === "starred" || role === "all" || role === "archive" || role === "trash" || role === "important") return 0;
  const sum = (of: (folder: Folder) => number) => folders.reduce((total, folder) => total + (folder.role === role ? of(folder) : 0), 0);
  return role === "drafts" ? sum((folder) => folder.total) : sum((folder) => folder.unread);
}

interface EntryProps {
  item: Item;
  depth: number;
  fold?: { open: boolean; toggle: () => void; label: string };
}

function Entry({ item, depth, fold }: EntryProps) {
  return (
    <li>
      <div className="mail-folder" data-current={item.current || undefined} style={{ paddingInlineStart: 8 + depth * 14 }}>
        {fold === undefined ? (
          <span className="mail-folder-fold" />
        ) : (
          <button type="button" className="mail-folder-fold" aria-expanded={fold.open} aria-label={fold.label} onClick={fold.toggle}>
            {fold.open ? <DownIcon /> : <NextIcon />}
          </button>
        )}
        <Link to={item.to} aria-current={item.current ? "page" : undefined} data-strong={(item.strong === true && item.count > 0) || undefined} title={item.name}>
          <span className="mail-folder-icon" aria-hidden>
            {item.icon}
          </span>
          <span className="mail-folder-name">{item.name}</span>
          {item.count > 0 ? <span className="mail-folder-count">{item.count}</span> : null}
        </Link>
      </div>
    </li>
  );
}

interface AccountProps {
  account: Account;
  /** There is no other: its inbox and its like are listed above already. */
  alone: boolean;
  color: string | undefined;
  place: Place;
  folders: readonly Folder[];
}

function AccountFolders({ account, alone, color, place, folders }: AccountProps) {
  const { t } = useTranslation("mailbox");
  const { locale } = usePage();
  const [open, toggle] = useFold(`account ${account.id}`, true);
  const own = useMemo(() => folders.filter((folder) => folder.account === account.id && !folder.left_out), [folders, account.id]);
  const nodes = useMemo(() => tree(own.filter((folder) => folder.role === "folder"), locale), [own, locale]);
  const labels = useMemo(() => tree(own.filter((folder) => folder.role === "label"), locale), [own, locale]);
  const roles = alone ? [] : presentRoles(own).filter((role) => role !== "starred" && role !== "all" && own.some((folder) => folder.role === role));
  if (roles.length + nodes.length + labels.length === 0) return null;
  const name = account.email;
  return (
    <section className="mail-account" aria-label={name}>
      {alone ? null : (
        <h2>
          <button type="button" aria-expanded={open} onClick={toggle} title={name}>
            {open ? <DownIcon aria-hidden /> : <NextIcon aria-hidden />}
            {color === undefined ? null : <span className="mail-label-dot" aria-hidden style={{ background: color }} />}
            <span className="mail-account-name">{name}</span>
            {account.status.condition === "reconnect" || account.status.condition === "administrator" ? <span className="mail-account-broken" role="img" aria-label={t("accountBroken")} /> : null}
          </button>
        </h2>
      )}
      {open || alone ? (
        <>
          <ul>
            {roles.map((role) => {
              const ofRole = own.filter((folder) => folder.role === role);
              const [first] = ofRole;
              if (first === undefined) return null;
              return (
                <Entry
                  key={role}
                  depth={0}
                  item={{
                    key: first.id,
                    to: address({ view: { kind: "folder", folder: first.id }, filter: noFilter() }),
                    icon: ICONS[role],
                    name: t(`role.${role}`),
                    count: countOf(role, ofRole),
                    current: place.view.kind === "folder" && place.view.folder === first.id,
                    strong: role === "inbox",
                  }}
                />
              );
            })}
          </ul>
          <Branch nodes={nodes} depth={0} place={place} />
          {labels.length > 0 ? (
            <>
              <h3>{t("labels")}</h3>
              <Branch nodes={labels} depth={0} place={place} />
            </>
          ) : null}
        </>
      ) : null}
    </section>
  );
}

function Branch({ nodes, depth, place }: { nodes: readonly Node[]; depth: number; place: Place }) {
  if (nodes.length === 0) return null;
  return (
    <ul>
      {nodes.map((node) => (
        <Twig key={node.folder.id} node={node} depth={depth} place={place} />
      ))}
    </ul>
  );
}

function Twig({ node, depth, place }: { node: Node; depth: number; place: Place }) {
  const { t } = useTranslation("mailbox");
  const { folder } = node;
  const [open, toggle] = useFold(`folder ${folder.id}`, true);
  const hasChildren = node.children.length > 0;
  const icon = folder.role === "label" ? <LabelIcon style={folder.color == null ? undefined : { color: folder.color }} /> : <FolderIcon />;
  const item: Item = {
    key: folder.id,
    to: address({ view: { kind: "folder", folder: folder.id }, filter: noFilter() }),
    icon,
    name: node.name,
    count: folder.unread + (open ? 0 : unreadBelow(node)),
    current: place.view.kind === "folder" && place.view.folder === folder.id,
  };
  return (
    <>
      <Entry item={item} depth={depth} {...(hasChildren ? { fold: { open, toggle, label: t(open ? "foldUp" : "unfold", { name: node.name }) } } : {})} />
      {hasChildren && open ? (
        <li>
          <Branch nodes={node.children} depth={depth + 1} place={place} />
        </li>
      ) : null}
    </>
  );
}

/** Remembered on this device. */
function useFold(key: string, initially: boolean): [boolean, () => void] {
  const name = `mail.fold ${key}`;
  const [open, setOpen] = useState(() => {
    try {
      return (localStorage.getItem(name) ?? String(initially)) === "true";
    } catch {
      return initially;
    }
  });
  const toggle = () =>
    setOpen((was) => {
      try {
        localStorage.setItem(name, String(!was));
      } catch {
        // Then it is not remembered.
      }
      return !was;
    });
  return [open, toggle];
}
