import type { ButtonHTMLAttributes, ReactNode } from "react";
import { useEffect, useRef, useState } from "react";

import { useLanguage } from "../core/i18n.ts";
import { Icon, type IconName } from "./icon.tsx";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: "main" | "plain" | "quiet" | "danger";
  icon?: IconName;
  /** Stays focusable, and does nothing meanwhile. */
  busy?: boolean;
  children: ReactNode;
}

export function Button({ look = "plain", icon, busy = false, children, className = "", onClick, type = "button", ...rest }: Props) {
  return (
    <button
      {...rest}
      type={type}
      className={`shell-button shell-button-${look} ${className}`}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      onClick={(event) => (busy ? event.preventDefault() : onClick?.(event))}
    >
      {busy ? <span className="shell-spinner" aria-hidden="true" /> : icon !== undefined && <Icon name={icon} size={18} />}
      <span>{children}</span>
    </button>
  );
}

/** A button that is only an icon; its name is said and shown as a hint. */
export function IconButton({ icon, name, className = "", ...rest }: ButtonHTMLAttributes<HTMLButtonElement> & { icon: IconName; name: string }) {
  return (
    <button type="button" {...rest} className={`shell-icon-button ${className}`} aria-label={name} title={name}>
      <Icon name={icon} />
    </button>
  );
}

export function LinkButton({ href, look = "plain", icon, children }: { href: string; look?: "main" | "plain" | "quiet"; icon?: IconName; children: ReactNode }) {
  return (
    <a href={href} className={`shell-button shell-button-${look}`}>
      {icon !== undefined && <Icon name={icon} size={18} />}
      <span>{children}</span>
    </a>
  );
}

/** Copies a text, and says that it did. */
export function CopyButton({ text, name }: { text: string; name: string }) {
  const { t } = useLanguage();
  const [done, setDone] = useState<"no" | "yes" | "failed">("no");
  const timer = useRef<number | undefined>(undefined);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone("yes");
    } catch {
      setDone("failed");
    }
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setDone("no"), 2_500);
  };
  const said = done === "yes" ? t("copy.done") : done === "failed" ? t("copy.failed") : t("copy");
  return (
    <button type="button" className="shell-button shell-button-plain shell-copy" onClick={() => void copy()} aria-label={done === "no" ? t("copy.named", { name }) : said}>
      <Icon name={done === "yes" ? "check" : "copy"} size={18} />
      <span role="status">{said}</span>
    </button>
  );
}
