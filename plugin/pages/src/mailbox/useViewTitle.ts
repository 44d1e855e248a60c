import { useTranslation } from "react-i18next";
import type { Place } from "./place.ts";
import type { Account, Folder } from "./types.ts";

/** What a list is called. */
export function useViewTitle(place: Place, folders: readonly Folder[], accounts: readonly Account[]): string {
  const { t } = useTranslation("mailbox");
  const { view } = place;
  const account = accounts.find(({ id }) => id === place.filter.account);
  switch (view.kind) {
    case "role":
      if (view.role === "inbox" && accounts.length > 1 && account === undefined) return t("allInboxes");
      return account === undefined ? t(`role.${view.role}`) : `${t(`role.${view.role}`)} · ${account.email}`;
    case "folder": {
      const folder = folders.find(({ id }) => id === view.folder);
      return folder === undefined ? "" : folderName(folder, t);
    }
    case "search":
      return t("searchResults");
    default:
      return "";
  }
}

type Texts = ReturnType<typeof useTranslation<"mailbox">>["t"];

/** Folders that every mailbox has are called the same in all accounts, in the reader's language. */
export function folderName(folder: Folder, t: Texts): string {
  return folder.role === "folder" || folder.role === "label" ? (folder.name.split("/").at(-1) ?? folder.name) : t(`role.${folder.role}`);
}
