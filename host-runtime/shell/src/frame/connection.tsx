import { useEffect, useState, useSyncExternalStore } from "react";

import { lookAgain } from "../core/account.ts";
import { events } from "../core/host.ts";
import { useLanguage } from "../core/i18n.ts";
import { Icon } from "../ui/icon.tsx";

/** A short cut, such as a restart behind a proxy, is not worth alarming anybody. */
const GRACE = 3_000;

function online(listener: () => void): () => void {
  window.addEventListener("online", listener);
  window.addEventListener("offline", listener);
  return () => {
    window.removeEventListener("online", listener);
    window.removeEventListener("offline", listener);
  };
}

/** Says when the host is not reached, and when it is again. Its room is there only while it says something. */
export function Connection() {
  const { t } = useLanguage();
  const network = useSyncExternalStore(online, () => navigator.onLine);
  const [lost, setLost] = useState(false);
  useEffect(() => {
    let timer: number | undefined;
    const leave = events().watch((state) => {
      window.clearTimeout(timer);
      if (state === "lost") {
        timer = window.setTimeout(() => setLost(true), GRACE);
        // The stream does not say why it ended: perhaps the session did.
        void lookAgain();
      } else if (state === "open") setLost(false);
    });
    return () => {
      window.clearTimeout(timer);
      leave();
    };
  }, []);
  const text = !network ? t("connection.offline") : lost ? t("connection.lost") : undefined;
  return (
    <div role="status" aria-live="polite">
      {text !== undefined && (
        <div className="shell-banner shell-banner-warn">
          <Icon name="cloud" size={18} />
          <span>{text}</span>
        </div>
      )}
    </div>
  );
}
