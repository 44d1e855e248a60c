/** Recipients as chips: typed, pasted by the dozen, completed from those written with before. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useId, useRef, useState, type ClipboardEvent, type KeyboardEvent, type ReactNode, type Ref, useImperativeHandle } from "react";
import { useTranslation } from "react-i18next";
import { usePage } from "../app/context.tsx";
import { CloseIcon } from "../mailbox/icons.tsx";
import { nameOf } from "../mailbox/people.ts";
import type { Address } from "../mailbox/types.ts";
import { added, isSeveral, parseRecipients, plausible, sameAddress, written } from "./recipients.ts";
import { suggest } from "./suggest.ts";

export interface RecipientHandle {
  focus(): void;
  /** Takes what is typed but not yet a chip. */
  commit(): readonly Address[];
}

interface Props {
  ref?: Ref<RecipientHandle>;
  label: string;
  value: readonly Address[];
  onChange: (value: Address[]) => void;
  autoFocus?: boolean;
  invalid?: string | undefined;
  children?: ReactNode;
}

export function RecipientField({ ref, label, value, onChange, autoFocus = false, invalid, children }: Props) {
  const { t } = useTranslation("compose");
  const { api } = usePage();
  const [text, setText] = useState("");
  const [active, setActive] = useState(0);
  const [open, setOpen] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const list = useId();
  const asked = useDelayed(text.trim(), 150);
  const found = useQuery({
    queryKey: ["mail", "recipients", asked],
    queryFn: ({ signal }) => suggest(api, asked, signal),
    enabled: open && asked.length > 0,
    staleTime: 5 * 60_000,
    placeholderData: (before) => before,
    retry: false,
  });
  const offered = text.trim() === "" ? [] : (found.data ?? []).filter((address) => !value.some((known) => sameAddress(known, address))).slice(0, 7);
  const shown = open && offered.length > 0;

  const put = (more: readonly Address[]) => {
    const all = added(value, more);
    onChange(all);
    setText("");
    setActive(0);
    return all;
  };
  const commit = (): readonly Address[] => (text.trim() === "" ? value : put(parseRecipients(text)));
  useImperativeHandle(ref, () => ({ focus: () => input.current?.focus(), commit }));
  useEffect(() => {
    if (autoFocus) input.current?.focus();
    // Only when it appears.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  const remove = (at: number) => {
    onChange(value.filter((_, index) => index !== at));
    input.current?.focus();
  };
  const pressed = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.nativeEvent.isComposing) return;
    const { key } = event;
    if (shown && (key === "ArrowDown" || key === "ArrowUp")) {
      setActive((now) => (now + (key === "ArrowDown" ? 1 : offered.length - 1)) % offered.length);
    } else if (shown && (key === "Enter" || (key === "Tab" && !event.shiftKey))) {
      const choice = offered[active];
      if (choice !== undefined) put([choice]);
    } else if (key === "Enter" || key === "," || key === ";" || (key === " " && plausible(text.trim()) && !text.includes("<"))) {
      if (text.trim() === "" && key !== "Enter") return event.preventDefault();
      commit();
    } else if (key === "Escape" && shown) {
      setOpen(false);
      event.stopPropagation();
    } else if (key === "Backspace" && text === "" && value.length > 0) {
      remove(value.length - 1);
    } else return;
    event.preventDefault();
  };
  const pasted = (event: ClipboardEvent<HTMLInputElement>) => {
    const paste = event.clipboardData.getData("text/plain");
    if (!isSeveral(paste) && !plausible(paste.trim())) return;
    event.preventDefault();
    put(parseRecipients(text + paste));
  };
  return (
    <div className="compose-field" data-invalid={invalid !== undefined || undefined}>
      <span className="compose-field-name" aria-hidden>
        {label}
      </span>
      <div className="compose-chips" onMouseDown={(event) => event.target === event.currentTarget && (event.preventDefault(), input.current?.focus())}>
        {value.map((address, at) => {
          const wrong = !plausible(address.email);
          return (
            <span key={`${address.email} ${at}`} className="compose-chip" data-wrong={wrong || undefined} title={wrong ? t("wrongAddress", { address: address.email }) : written(address)} dir="auto">
              <button
                type="button"
                className="compose-chip-name"
                aria-label={t("editRecipient", { who: written(address) })}
                onClick={() => {
                  // Back to text, to be corrected.
                  setText(written(address));
                  remove(at);
                }}
              >
                {nameOf(address)}
              </button>
              <button type="button" className="compose-chip-remove" aria-label={t("removeRecipient", { who: nameOf(address) })} onClick={() => remove(at)}>
                <CloseIcon />
              </button>
            </span>
          );
        })}
        <input
          ref={input}
          type="text"
          inputMode="email"
          role="combobox"
          aria-label={label}
          aria-expanded={shown}
          aria-controls={list}
          aria-autocomplete="list"
          aria-invalid={invalid !== undefined}
          aria-describedby={invalid === undefined ? undefined : `${list}-error`}
          aria-activedescendant={shown ? `${list}-${active}` : undefined}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          value={text}
          size={Math.max(6, text.length + 1)}
          onChange={(event) => {
            setText(event.target.value);
            setOpen(true);
            setActive(0);
          }}
          onFocus={() => setOpen(true)}
          onBlur={() => {
            setOpen(false);
            commit();
          }}
          onKeyDown={pressed}
          onPaste={pasted}
        />
        <ul id={list} role="listbox" aria-label={t("suggestions")} className="compose-suggestions" hidden={!shown}>
          {offered.map((address, index) => (
            <li
              key={address.email}
              id={`${list}-${index}`}
              role="option"
              aria-selected={index === active}
              onMouseEnter={() => setActive(index)}
              onMouseDown={(event) => {
                event.preventDefault();
                put([address]);
              }}
            >
              <strong dir="auto">{nameOf(address)}</strong>
              {nameOf(address) === address.email ? null : <span>{address.email}</span>}
            </li>
          ))}
        </ul>
        {invalid === undefined ? null : (
          <span id={`${list}-error`} className="compose-field-error" role="alert">
            {invalid}
          </span>
        )}
      </div>
      {children}
    </div>
  );
}

function useDelayed<T>(value: T, by: number): T {
  const [late, setLate] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setLate(value), by);
    return () => window.clearTimeout(timer);
  }, [value, by]);
  return late;
}
