import { useTranslation } from "react-i18next";
import { ComposeIcon } from "../mailbox/icons.tsx";
import type { Window } from "./store.ts";

/** A window that is put away. */
export default function WindowBar({ window, onOpen }: { window: Window; onOpen: () => void }) {
  const { t } = useTranslation("compose");
  const title = window.title === "" ? t("newMessage") : window.title;
  return (
    <button type="button" className="compose-bar" onClick={onOpen} aria-label={t("open", { title })}>
      <ComposeIcon aria-hidden />
      <span dir="auto">{title}</span>
    </button>
  );
}
