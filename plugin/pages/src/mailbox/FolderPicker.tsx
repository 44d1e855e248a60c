/** Chooses a folder to move to, or labels to put on and take off; found by typing. */
import Popover from "antd/es/popover";
import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Folders } from "./effect.ts";
import type { Folder } from "./types.ts";
import { folderName } from "./useViewTitle.ts";

export interface Picker {
  open: boolean;
  show: () => void;
  set: (open: boolean) => void;
}

export function usePicker(): Picker {
  const [open, set] = useState(false);
  return { open, set, show: () => set(true) };
}

interface Props {
  picker: Picker;
  kind: "move" | "label";
  account: string;
  list: readonly Folder[];
  folders: Folders;
  /** Labels that are on already. */
  chosen: readonly string[];
  onPick: (folder: string, on: boolean) => void;
  children: ReactNode;
}

export function FolderPicker(props: Props) {
  const { picker, kind, children } = props;
  const { t } = useTranslation("mailbox");
  return (
    <Popover
      open={picker.open}
      onOpenChange={picker.set}
      trigger="click"
      placement="bottom"
      arrow={false}
      destroyOnHidden
      title={t(kind === "move" ? "do.move-to" : "do.add-label")}
      content={<Choice {...props} />}
    >
      {children}
    </Popover>
  );
}

function Choice({ picker, kind, account, list, folders, chosen, onPick }: Props) {
  const { t } = useTranslation("mailbox");
  const [text, setText] = useState("");
  const [active, setActive] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  // The pop-up is not in place before.
  useEffect(() => {
    const timer = window.setTimeout(() => input.current?.focus(), 30);
    return () => window.clearTimeout(timer);
  }, []);
  const offered = useMemo(() => {
    const exclusive = folders.exclusive(account);
    const fits = (folder: Folder) => {
      if (folder.account !== account) return false;
      if (kind === "label") return folder.role === "label";
      return ["inbox", "folder", "archive", "trash", "spam"].includes(folder.role) || (!exclusive && folder.role === "label");
    };
    const name = (folder: Folder) => (folder.role === "label" || folder.role === "folder" ? folder.name : folderName(folder, t));
    const wanted = text.trim().toLocaleLowerCase();
    return list
      .filter(fits)
      .map((folder) => ({ folder, name: name(folder) }))
      .filter((each) => each.name.toLocaleLowerCase().includes(wanted));
  }, [account, folders, kind, list, t, text]);
  const at = Math.min(active, offered.length - 1);
  const pick = (folder: Folder) => {
    picker.set(false);
    onPick(folder.id, !chosen.includes(folder.id));
  };
  const pressed = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setActive(Math.min(at + 1, offered.length - 1));
    else if (event.key === "ArrowUp") setActive(Math.max(at - 1, 0));
    else if (event.key === "Escape") picker.set(false);
    else if (event.key === "Enter") {
      const found = offered[at];
      if (found !== undefined) pick(found.folder);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="mail-picker" onKeyDown={pressed}>
      <input
        ref={input}
        type="text"
        role="combobox"
        aria-expanded
        aria-controls="mail-picker-list"
        aria-activedescendant={at >= 0 ? `mail-picker-${at}` : undefined}
        aria-label={t(kind === "move" ? "findFolder" : "findLabel")}
        placeholder={t(kind === "move" ? "findFolder" : "findLabel")}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setActive(0);
        }}
      />
      <ul id="mail-picker-list" role="listbox" aria-label={t(kind === "move" ? "do.move-to" : "do.add-label")}>
        {offered.map(({ folder, name }, index) => (
          <li key={folder.id} id={`mail-picker-${index}`} role="option" aria-selected={index === at} data-on={chosen.includes(folder.id) || undefined} onMouseEnter={() => setActive(index)} onClick={() => pick(folder)}>
            <span className="mail-label-dot" aria-hidden style={{ background: folder.color ?? "var(--em-color-text-quaternary)" }} />
            <span className="mail-picker-name">{name}</span>
            {chosen.includes(folder.id) ? <span aria-label={t("labelOn")}>✓</span> : null}
          </li>
        ))}
      </ul>
      {offered.length === 0 ? <p className="mail-picker-none">{t(kind === "move" ? "noFolder" : "noLabel")}</p> : null}
    </div>
  );
}
