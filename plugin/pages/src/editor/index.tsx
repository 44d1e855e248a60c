/**
 * The rich text editor of signatures and mail. It loads when it is first shown (ProseMirror is larger than everything else here), in a
 * frame of the size that it will have.
 */
import Skeleton from "antd/es/skeleton";
import { Suspense, lazy, type Ref } from "react";
import "./editor.css";

const Editor = lazy(() => import("./Editor.tsx"));

/** An image for the text: `src` as it is shown, and what the mail refers to it by, if that is something else. */
export interface EditorImage {
  src: string;
  alt?: string;
  width?: number;
  /** Content-ID, kept as `data-cid` on the element. */
  cid?: string;
}

export interface EditorHandle {
  focus(at?: "start" | "end"): void;
  /** Empty if there is nothing but white space. */
  html(): string;
  text(): string;
  /** Replaces everything. */
  replace(html: string): void;
  insert(html: string, at?: "start" | "end" | "cursor"): void;
}

export interface EditorProps {
  ref?: Ref<EditorHandle>;
  /** What is there at first; later changes go through the handle. */
  content: string;
  /** With each change; see {@link EditorHandle.html}. */
  onChange?: (html: string) => void;
  /** Name for screen readers. */
  label: string;
  placeholder?: string;
  autoFocus?: boolean | "start" | "end";
  disabled?: boolean;
  /** Takes a file that was chosen, pasted or dropped; without it, there are no images. Says what went wrong itself and answers nothing then. */
  onImage?: (file: File) => Promise<EditorImage | undefined>;
  /** Files that are no images, pasted or dropped. */
  onFiles?: (files: File[]) => void;
  /** Grows from here up to `maxHeight`, then scrolls. Left out: fills its container. */
  minHeight?: number;
  maxHeight?: number;
  /** Without a border of its own. */
  plain?: boolean;
}

export function RichEditor(props: EditorProps) {
  return (
    <Suspense
      fallback={
        <div className={props.plain ? "em-editor em-editor-plain" : "em-editor"} aria-busy>
          <div className="em-editor-bar" />
          <div className="em-editor-scroll" style={{ minHeight: props.minHeight, padding: 12 }}>
            <Skeleton active title={false} paragraph={{ rows: 2 }} />
          </div>
        </div>
      }
    >
      <Editor {...props} />
    </Suspense>
  );
}
