import LinkOutlined from "@ant-design/icons/es/icons/LinkOutlined";
import { useEditorState, type Editor } from "@tiptap/react";
import Button from "antd/es/button";
import Input from "antd/es/input";
import Popover from "antd/es/popover";
import Tooltip from "antd/es/tooltip";
import { useState, type FormEvent, type RefObject } from "react";
import { useTranslation } from "react-i18next";
import { linkAddress } from "./extensions.ts";

interface Props {
  editor: Editor;
  disabled: boolean;
  /** Set here, called by the editor when the keys for it are pressed. */
  shortcut: RefObject<() => void>;
}

/** Links what is selected, or inserts the address; changes and removes a link that the cursor is in. */
export function LinkButton({ editor, disabled, shortcut }: Props) {
  const { t } = useTranslation("common");
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const [wrong, setWrong] = useState(false);
  const { active, href } = useEditorState({
    editor,
    selector: ({ editor }) => ({ active: editor.isActive("link"), href: (editor.getAttributes("link")["href"] as string | undefined) ?? "" }),
  });

  const show = (next: boolean) => {
    if (next) setTyped(href);
    setWrong(false);
    setOpen(next);
  };

  // Where the cursor is now, and not at the last render.
  shortcut.current = () => {
    setTyped((editor.getAttributes("link")["href"] as string | undefined) ?? "");
    setWrong(false);
    setOpen(true);
  };

  const apply = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation();
    const address = linkAddress(typed);
    if (address === undefined) return setWrong(true);
    const chain = editor.chain().focus().extendMarkRange("link");
    if (editor.state.selection.empty && !active) {
      chain.insertContent([{ type: "text", text: typed.trim(), marks: [{ type: "link", attrs: { href: address } }] }, { type: "text", text: " " }]).run();
    } else chain.setLink({ href: address }).run();
    setOpen(false);
  };

  const remove = () => {
    editor.chain().focus().extendMarkRange("link").unsetLink().run();
    setOpen(false);
  };

  return (
    <Popover
      open={open}
      onOpenChange={show}
      trigger="click"
      placement="bottom"
      destroyOnHidden
      content={
        <form
          className="em-link-form"
          onSubmit={apply}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            event.stopPropagation();
            setOpen(false);
            editor.commands.focus();
          }}
        >
          <Input
            autoFocus
            value={typed}
            status={wrong ? "error" : ""}
            aria-label={t("editor.address")}
            aria-invalid={wrong}
            placeholder="https://"
            inputMode="url"
            onChange={(event) => setTyped(event.target.value)}
          />
          <Button type="primary" htmlType="submit">
            {t("editor.apply")}
          </Button>
          {active ? <Button onClick={remove}>{t("editor.unlink")}</Button> : null}
          <div className="em-link-wrong" role="alert">
            {wrong ? t("editor.wrong") : null}
          </div>
        </form>
      }
    >
      <Tooltip title={open ? "" : t("editor.link")} mouseEnterDelay={0.5}>
        <Button
          type="text"
          size="small"
          tabIndex={-1}
          className={active ? "em-tool em-tool-on" : "em-tool"}
          icon={<LinkOutlined />}
          disabled={disabled}
          aria-label={t("editor.link")}
          aria-haspopup="dialog"
          aria-expanded={open}
          onMouseDown={(event) => event.preventDefault()}
        />
      </Tooltip>
    </Popover>
  );
}
