import { EditorContent, useEditor, type Editor as Tiptap } from "@tiptap/react";
import { useEffect, useImperativeHandle, useRef } from "react";
import { usePage } from "../app/context.tsx";
import { Toolbar } from "./Toolbar.tsx";
import { extensions } from "./extensions.ts";
import type { EditorProps } from "./index.tsx";

/** Nothing to see is nothing to keep. */
function htmlOf(editor: Tiptap): string {
  return editor.isEmpty ? "" : editor.getHTML();
}

export default function Editor(props: EditorProps) {
  const { ref, content, label, placeholder = "", autoFocus = false, disabled = false, minHeight, maxHeight, plain = false } = props;
  const { nonce } = usePage();
  // Tiptap keeps the functions that it was made with.
  const latest = useRef(props);
  latest.current = props;
  const link = useRef(() => {});
  const images = useRef<(files: File[]) => void>(() => {});

  /** Whether these files were taken. */
  const take = (list: FileList | null | undefined): boolean => {
    const files = [...(list ?? [])];
    const { onImage, onFiles } = latest.current;
    const pictures = onImage ? files.filter((file) => file.type.startsWith("image/")) : [];
    const others = onFiles ? files.filter((file) => !pictures.includes(file)) : [];
    if (pictures.length > 0) images.current(pictures);
    if (others.length > 0) onFiles?.(others);
    return pictures.length + others.length > 0;
  };

  const editor = useEditor({
    extensions: extensions(placeholder),
    content,
    editable: !disabled,
    autofocus: autoFocus,
    injectNonce: nonce,
    textDirection: "auto",
    editorProps: {
      attributes: { role: "textbox", "aria-multiline": "true", "aria-label": label, class: "em-editor-text" },
      handleKeyDown: (_view, event) => {
        if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || event.key.toLowerCase() !== "k") return false;
        link.current();
        event.preventDefault();
        // Not the page's shortcut as well.
        event.stopPropagation();
        return true;
      },
      // Text that comes with a picture of itself, as from a word processor, is pasted as text.
      handlePaste: (_view, event) => !event.clipboardData?.types.includes("text/html") && take(event.clipboardData?.files),
      handleDrop: (_view, event, _slice, moved) => !moved && take(event.dataTransfer?.files),
    },
    onUpdate: ({ editor }) => latest.current.onChange?.(htmlOf(editor)),
  });

  images.current = (files) => {
    const { onImage } = latest.current;
    if (!onImage) return;
    void (async () => {
      for (const file of files) {
        const image = await onImage(file);
        if (image && !editor.isDestroyed) {
          const { src, alt = file.name, width, cid } = image;
          editor.chain().focus().insertContent({ type: "image", attrs: { src, alt, width: width ?? null, cid: cid ?? null } }).run();
        }
      }
    })();
  };

  useEffect(() => editor.setEditable(!disabled, false), [editor, disabled]);
  useEffect(() => editor.setOptions({ editorProps: { ...editor.options.editorProps, attributes: { ...staticAttributes, "aria-label": label } } }), [editor, label]);

  useImperativeHandle(
    ref,
    () => ({
      focus: (at) => void editor.commands.focus(at ?? null),
      html: () => htmlOf(editor),
      text: () => editor.getText(),
      replace: (html) => void editor.commands.setContent(html),
      insert(html, at = "cursor") {
        if (at === "cursor") editor.chain().focus().insertContent(html).run();
        else editor.commands.insertContentAt(at === "start" ? 0 : editor.state.doc.content.size, html);
      },
    }),
    [editor],
  );

  return (
    <div className={plain ? "em-editor em-editor-plain" : "em-editor"} data-disabled={disabled || undefined}>
      <Toolbar editor={editor} disabled={disabled} linkShortcut={link} onImages={props.onImage ? (files) => images.current(files) : undefined} />
      <EditorContent editor={editor} className="em-editor-scroll" style={{ minHeight, maxHeight }} />
    </div>
  );
}

const staticAttributes = { role: "textbox", "aria-multiline": "true", class: "em-editor-text" };
