import { useState, type ReactNode } from "react";

import { useLanguage } from "../core/i18n.ts";

/** Folded away until asked for, or until something in it needs to be seen; it never folds by itself. */
export function Advanced({ needed, children }: { needed: boolean; children: ReactNode }) {
  const { t } = useLanguage();
  const [open, setOpen] = useState(needed);
  const [was, setWas] = useState(needed);
  if (needed !== was) {
    setWas(needed);
    if (needed) setOpen(true);
  }
  return (
    <details className="shell-advanced" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("advanced")}</summary>
      {children}
    </details>
  );
}
