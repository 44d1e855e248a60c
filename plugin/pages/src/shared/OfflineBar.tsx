import { onlineManager } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

/** Whether the browser has a network. */
export function useOnline(): boolean {
  return useSyncExternalStore(
    (changed) => onlineManager.subscribe(changed),
    () => onlineManager.isOnline(),
  );
}

/** Says that what is shown may be old. */
export function OfflineBar() {
  const { t } = useTranslation("common");
  return (
    <div role="status">{useOnline() ? null : <div className="em-offline">{t("offline")}</div>}</div>
  );
}
