import type { KeyboardEvent, ReactNode } from "react";
import { useEffect, useId, useRef, useState } from "react";

import { useLocation } from "../core/router.ts";

/** A button that unfolds something below it; Escape, a click elsewhere and going somewhere fold it. */
export function Popover({ name, button, className = "", children }: { name: string; button: ReactNode; className?: string; children: (close: () => void) => ReactNode }) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const trigger = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const id = useId();
  const { pathname } = useLocation();
  useEffect(() => setOpen(false), [pathname]);
  useEffect(() => {
    if (!open) return;
    panel.current?.querySelector<HTMLElement>("a, button, input, select")?.focus();
    const outside = (event: PointerEvent) => {
      if (event.target instanceof Node && root.current?.contains(event.target) !== true) setOpen(false);
    };
    // A plugin's page may keep pointer events for itself, but not from the capturing phase.
    document.addEventListener("pointerdown", outside, true);
    return () => document.removeEventListener("pointerdown", outside, true);
  }, [open]);
  const close = () => {
    setOpen(false);
    trigger.current?.focus();
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Escape" && open) {
      event.stopPropagation();
      close();
    }
  };
  return (
    <div
      ref={root}
      className="shell-popover"
      onKeyDown={keys}
      onBlur={(event) => {
        if (open && event.relatedTarget instanceof Node && root.current?.contains(event.relatedTarget) !== true) setOpen(false);
      }}
    >
      <button ref={trigger} type="button" className={className} aria-expanded={open} aria-controls={open ? id : undefined} aria-label={name} title={name} onClick={() => setOpen(!open)}>
        {button}
      </button>
      {open && (
        <div ref={panel} id={id} className="shell-popover-panel">
          {children(close)}
        </div>
      )}
    </div>
  );
}
