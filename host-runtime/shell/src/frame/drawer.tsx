import { useEffect, useRef, type ReactNode } from "react";

import { useLanguage } from "../core/i18n.ts";
import { PRODUCT } from "../core/title.ts";
import { IconButton } from "../ui/button.tsx";

/** The menu of small screens. A dialog, so that the browser keeps the focus in it and gives it back. */
export function Drawer({ onClose, children }: { onClose: () => void; children: ReactNode }) {
  const { t } = useLanguage();
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      className="shell-drawer"
      aria-label={t("nav.side")}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        // The backdrop belongs to the dialog itself.
        if (event.target === element.current) onClose();
      }}
    >
      <div className="shell-drawer-inside">
        <header>
          <strong>{PRODUCT}</strong>
          <IconButton icon="close" name={t("close")} onClick={onClose} />
        </header>
        {children}
      </div>
    </dialog>
  );
}
