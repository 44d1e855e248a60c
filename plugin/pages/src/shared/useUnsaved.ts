import App from "antd/es/app";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { usePage } from "../app/context.tsx";

/** While `unsaved`, leaving is asked about: closing the window by the browser, links by us. */
export function useUnsaved(unsaved: boolean): void {
  const { t } = useTranslation("common");
  const { modal } = App.useApp();
  const { navigate, location } = usePage();
  const latest = useRef({ t, modal, navigate, pathname: location.pathname });
  latest.current = { t, modal, navigate, pathname: location.pathname };

  useEffect(() => {
    if (!unsaved) return;
    const closing = (event: BeforeUnloadEvent) => event.preventDefault();
    // Before the shell's own listener, which follows the link.
    const clicked = (event: MouseEvent) => {
      const { t, modal, navigate, pathname } = latest.current;
      if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
      if (!(link instanceof HTMLAnchorElement) || !["", "_self"].includes(link.target) || link.hasAttribute("download")) return;
      const url = new URL(link.href);
      if (url.origin !== window.location.origin || url.pathname === pathname) return;
      event.preventDefault();
      event.stopPropagation();
      modal.confirm({
        title: t("unsaved.title"),
        content: t("unsaved.text"),
        okText: t("unsaved.leave"),
        cancelText: t("unsaved.stay"),
        okButtonProps: { danger: true },
        onOk: () => navigate(url.pathname + url.search + url.hash),
      });
    };
    window.addEventListener("beforeunload", closing);
    document.addEventListener("click", clicked, true);
    return () => {
      window.removeEventListener("beforeunload", closing);
      document.removeEventListener("click", clicked, true);
    };
  }, [unsaved]);
}
