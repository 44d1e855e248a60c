import type { FormEvent, ReactNode } from "react";
import { useEffect, useId, useRef } from "react";

import { useLanguage } from "../core/i18n.ts";
import { IconButton } from "./button.tsx";

interface Props {
  title: string;
  children: ReactNode;
  /** Buttons, the main one last. */
  foot: ReactNode;
  onClose: () => void;
  /** Makes it a form, so that Enter does what its main button does. */
  onSubmit?: () => void;
  wide?: boolean;
  /** While something is under way that must not be left half done. */
  locked?: boolean;
}

/** A modal dialog. The browser keeps the focus inside and the rest out of reach; afterwards the focus is back where it was. */
export function Dialog({ title, children, foot, onClose, onSubmit, wide = false, locked = false }: Props) {
  const { t } = useLanguage();
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    dialog?.showModal();
    const first = dialog?.querySelector<HTMLElement>("[data-autofocus]");
    first?.focus();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    // Not also that of a form around this dialog: React's events go by components, not by elements.
    event.stopPropagation();
    if (!locked) onSubmit?.();
  };
  const inside = (
    <>
      <header className="shell-dialog-head">
        <h2 id={id}>{title}</h2>
        <IconButton icon="close" name={t("close")} onClick={onClose} disabled={locked} />
      </header>
      <div className="shell-dialog-body">{children}</div>
      <footer className="shell-dialog-foot">{foot}</footer>
    </>
  );
  return (
    <dialog
      ref={element}
      className={wide ? "shell-dialog shell-dialog-wide" : "shell-dialog"}
      aria-labelledby={id}
      onCancel={(event) => {
        // Escape. A file chooser's own cancel bubbles here too.
        if (event.target !== element.current) return;
        event.preventDefault();
        if (!locked) onClose();
      }}
    >
      {onSubmit === undefined ? <div className="shell-dialog-inside">{inside}</div> : <form className="shell-dialog-inside" onSubmit={submit} noValidate>{inside}</form>}
    </dialog>
  );
}
