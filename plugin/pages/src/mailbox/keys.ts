/** Keyboard: one table of shortcuts, used both to run them and to list them under `?`. */

export const COMMANDS = [
  "next", "previous", "open", "back", "reply", "replyAll", "forward", "archive", "trash", "spam", "star", "tick", "undo", "search", "compose",
  "markRead", "markUnread", "move", "label", "selectAll", "goInbox", "goStarred", "goDrafts", "goSent", "goAll", "help",
] as const;
export type Command = (typeof COMMANDS)[number];

export interface Shortcut {
  command: Command;
  /** Keys one after the other, as `KeyboardEvent.key` names them. */
  keys: readonly string[];
  group: "go" | "list" | "mail" | "write";
}

export const SHORTCUTS: readonly Shortcut[] = [
  { command: "next", keys: ["j"], group: "list" },
  { command: "previous", keys: ["k"], group: "list" },
  { command: "open", keys: ["o"], group: "list" },
  { command: "open", keys: ["Enter"], group: "list" },
  { command: "back", keys: ["u"], group: "list" },
  { command: "tick", keys: ["x"], group: "list" },
  { command: "selectAll", keys: ["*", "a"], group: "list" },
  { command: "search", keys: ["/"], group: "list" },
  { command: "archive", keys: ["e"], group: "mail" },
  { command: "trash", keys: ["#"], group: "mail" },
  { command: "spam", keys: ["!"], group: "mail" },
  { command: "star", keys: ["s"], group: "mail" },
  { command: "move", keys: ["v"], group: "mail" },
  { command: "label", keys: ["l"], group: "mail" },
  { command: "markRead", keys: ["I"], group: "mail" },
  { command: "markUnread", keys: ["U"], group: "mail" },
  { command: "undo", keys: ["z"], group: "mail" },
  { command: "compose", keys: ["c"], group: "write" },
  { command: "reply", keys: ["r"], group: "write" },
  { command: "replyAll", keys: ["a"], group: "write" },
  { command: "forward", keys: ["f"], group: "write" },
  { command: "goInbox", keys: ["g", "i"], group: "go" },
  { command: "goStarred", keys: ["g", "s"], group: "go" },
  { command: "goDrafts", keys: ["g", "d"], group: "go" },
  { command: "goSent", keys: ["g", "t"], group: "go" },
  { command: "goAll", keys: ["g", "a"], group: "go" },
  { command: "help", keys: ["?"], group: "go" },
];

/** The second key of a sequence must come within this time (milliseconds). */
const PATIENCE = 1_200;

export interface Press {
  key: string;
  /** Where the key is on the keyboard (`KeyJ`): the same under every layout. */
  code?: string;
  shift?: boolean;
  ctrl?: boolean;
  meta?: boolean;
  alt?: boolean;
  at: number;
}

/** Remembers the first key of a sequence. */
export class Keys {
  private begun: { key: string; at: number } | undefined;

  /** The command that a key completes; `"begun"`: it may be the first of two. */
  press(press: Press): Command | "begun" | undefined {
    if (press.ctrl === true || press.meta === true || press.alt === true) return this.forget();
    const key = letter(press);
    const begun = this.begun;
    this.begun = undefined;
    if (begun !== undefined && press.at - begun.at <= PATIENCE) {
      const found = SHORTCUTS.find(({ keys }) => keys.length === 2 && keys[0] === begun.key && keys[1] === key);
      if (found !== undefined) return found.command;
    }
    const single = SHORTCUTS.find(({ keys }) => keys.length === 1 && keys[0] === key);
    if (single !== undefined) return single.command;
    if (SHORTCUTS.some(({ keys }) => keys.length === 2 && keys[0] === key)) {
      this.begun = { key, at: press.at };
      return "begun";
    }
    return undefined;
  }

  private forget(): undefined {
    this.begun = undefined;
  }
}

/** The Latin letter of a key: on a Russian layout `j` is `о`, but at the same place. */
function letter({ key, code, shift }: Press): string {
  if (key.length === 1 && key.charCodeAt(0) > 127 && code !== undefined && /^Key[A-Z]$/.test(code)) {
    const latin = code.slice(3);
    return shift === true ? latin : latin.toLowerCase();
  }
  return key;
}

/** Whether keys pressed here belong to what has the focus, not to the page. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  const field = target.closest("input, textarea, select, [role=combobox], [role=menu], [role=listbox], [role=dialog], [contenteditable=true]");
  if (field === null) return false;
  return !(field instanceof HTMLInputElement && ["checkbox", "radio", "button"].includes(field.type));
}
