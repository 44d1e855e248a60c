import BoldOutlined from "@ant-design/icons/es/icons/BoldOutlined";
import ClearOutlined from "@ant-design/icons/es/icons/ClearOutlined";
import ItalicOutlined from "@ant-design/icons/es/icons/ItalicOutlined";
import OrderedListOutlined from "@ant-design/icons/es/icons/OrderedListOutlined";
import PictureOutlined from "@ant-design/icons/es/icons/PictureOutlined";
import RedoOutlined from "@ant-design/icons/es/icons/RedoOutlined";
import UnderlineOutlined from "@ant-design/icons/es/icons/UnderlineOutlined";
import UndoOutlined from "@ant-design/icons/es/icons/UndoOutlined";
import UnorderedListOutlined from "@ant-design/icons/es/icons/UnorderedListOutlined";
import { useEditorState, type Editor } from "@tiptap/react";
import Button from "antd/es/button";
import Tooltip from "antd/es/tooltip";
import { useRef, type KeyboardEvent, type ReactNode, type RefObject } from "react";
import { useTranslation } from "react-i18next";
import { LinkButton } from "./LinkButton.tsx";
import { QuoteIcon } from "./QuoteIcon.tsx";

interface Props {
  editor: Editor;
  disabled: boolean;
  onImages?: ((files: File[]) => void) | undefined;
  linkShortcut: RefObject<() => void>;
}

interface Tool {
  key: string;
  label: string;
  shortcut?: string;
  icon: ReactNode;
  active?: boolean;
  disabled?: boolean;
  run(): void;
}

const apple = /Mac|iPhone|iPad/.test(navigator.platform);

export function Toolbar({ editor, disabled, onImages, linkShortcut }: Props) {
  const { t } = useTranslation("common");
  const chooser = useRef<HTMLInputElement>(null);
  const bar = useRef<HTMLDivElement>(null);
  const state = useEditorState({
    editor,
    selector: ({ editor }) => ({
      bold: editor.isActive("bold"),
      italic: editor.isActive("italic"),
      underline: editor.isActive("underline"),
      bullets: editor.isActive("bulletList"),
      numbers: editor.isActive("orderedList"),
      quote: editor.isActive("blockquote"),
      undo: editor.can().undo(),
      redo: editor.can().redo(),
    }),
  });
  const chain = () => editor.chain().focus();
  const keys = (letter: string) => (apple ? `⌘${letter}` : `Ctrl+${letter}`);
  const groups: Tool[][] = [
    [
      { key: "bold", label: t("editor.bold"), shortcut: keys("B"), icon: <BoldOutlined />, active: state.bold, run: () => chain().toggleBold().run() },
      { key: "italic", label: t("editor.italic"), shortcut: keys("I"), icon: <ItalicOutlined />, active: state.italic, run: () => chain().toggleItalic().run() },
      { key: "underline", label: t("editor.underline"), shortcut: keys("U"), icon: <UnderlineOutlined />, active: state.underline, run: () => chain().toggleUnderline().run() },
    ],
    [
      { key: "bullets", label: t("editor.bullets"), icon: <UnorderedListOutlined />, active: state.bullets, run: () => chain().toggleBulletList().run() },
      { key: "numbers", label: t("editor.numbers"), icon: <OrderedListOutlined />, active: state.numbers, run: () => chain().toggleOrderedList().run() },
      { key: "quote", label: t("editor.quote"), icon: <QuoteIcon />, active: state.quote, run: () => chain().toggleBlockquote().run() },
    ],
    [{ key: "clear", label: t("editor.clear"), icon: <ClearOutlined />, run: () => chain().unsetAllMarks().clearNodes().run() }],
    [
      { key: "undo", label: t("editor.undo"), shortcut: keys("Z"), icon: <UndoOutlined />, disabled: !state.undo, run: () => chain().undo().run() },
      { key: "redo", label: t("editor.redo"), shortcut: keys(apple ? "⇧Z" : "Y"), icon: <RedoOutlined />, disabled: !state.redo, run: () => chain().redo().run() },
    ],
  ];

  // One stop of Tab for the whole bar; arrows go from button to button.
  const moved = (event: KeyboardEvent<HTMLDivElement>) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0 || !bar.current) return;
    const buttons = [...bar.current.querySelectorAll<HTMLButtonElement>("button:not(:disabled)")];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const next = buttons[(at + step + buttons.length) % buttons.length];
    if (at < 0 || !next) return;
    event.preventDefault();
    next.focus();
  };

  let first = true;
  const button = (tool: Tool) => {
    const stop = first ? 0 : -1;
    first = false;
    const tip = tool.shortcut === undefined ? tool.label : `${tool.label} (${tool.shortcut})`;
    return (
      <Tooltip key={tool.key} title={tip} mouseEnterDelay={0.5}>
        <Button
          type="text"
          size="small"
          tabIndex={stop}
          className={tool.active ? "em-tool em-tool-on" : "em-tool"}
          icon={tool.icon}
          disabled={disabled || tool.disabled === true}
          aria-label={tool.label}
          aria-pressed={tool.active}
          // The selection stays in the text.
          onMouseDown={(event) => event.preventDefault()}
          onClick={tool.run}
        />
      </Tooltip>
    );
  };

  return (
    <div className="em-editor-bar" role="toolbar" aria-label={t("editor.toolbar")} ref={bar} onKeyDown={moved}>
      {groups.map((group, at) => (
        <span key={group[0]?.key} className="em-tools">
          {group.map(button)}
          {at === 1 ? (
            <>
              <LinkButton editor={editor} disabled={disabled} shortcut={linkShortcut} />
              {onImages === undefined ? null : button({ key: "image", label: t("editor.image"), icon: <PictureOutlined />, run: () => chooser.current?.click() })}
            </>
          ) : null}
        </span>
      ))}
      {onImages === undefined ? null : (
        <input
          ref={chooser}
          type="file"
          accept="image/png,image/jpeg,image/gif,image/webp"
          multiple
          hidden
          onChange={(event) => {
            const files = [...(event.target.files ?? [])];
            event.target.value = "";
            onImages(files);
          }}
        />
      )}
    </div>
  );
}
