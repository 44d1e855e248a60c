/** Words to look for, with those looked for before. */
import { useEffect, useId, useRef, useState, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import { useCommand } from "./commands.tsx";
import { CloseIcon, HistoryIcon, SearchIcon } from "./icons.tsx";
import { forget, recent, remember } from "./recent.ts";

interface Props {
  q: string;
  onSearch: (q: string) => void;
  onClear: () => void;
}

export function SearchBox({ q, onSearch, onClear }: Props) {
  const { t } = useTranslation("mailbox");
  const [text, setText] = useState(q);
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const [before, setBefore] = useState(recent);
  const input = useRef<HTMLInputElement>(null);
  const list = useId();
  useEffect(() => setText(q), [q]);
  useCommand("search", () => {
    input.current?.focus();
    input.current?.select();
  });
  const typed = text.trim().toLocaleLowerCase();
  const offered = before.filter((each) => each.toLocaleLowerCase().includes(typed) && each !== text).slice(0, 6);
  const shown = open && offered.length > 0;

  const search = (words: string) => {
    const wanted = words.trim();
    setOpen(false);
    setActive(-1);
    if (wanted === "") return onClear();
    setText(wanted);
    setBefore(remember(wanted));
    input.current?.blur();
    onSearch(wanted);
  };

  const pressed = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter") {
      search(offered[active] ?? text);
    } else if (event.key === "Escape") {
      if (shown) setOpen(false);
      else {
        setText(q);
        input.current?.blur();
      }
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && offered.length > 0) {
      setOpen(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      setActive((now) => (now + step + 1 + offered.length + 1) % (offered.length + 1) - 1);
    } else return;
    event.preventDefault();
  };

  return (
    <div className="mail-search" role="search">
      <SearchIcon aria-hidden />
      <input
        ref={input}
        type="text"
        enterKeyHint="search"
        role="combobox"
        aria-label={t("search")}
        aria-expanded={shown}
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={shown && active >= 0 ? `${list}-${active}` : undefined}
        placeholder={t("searchHint")}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setOpen(true);
          setActive(-1);
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={pressed}
      />
      {text === "" ? (
        <kbd aria-hidden>/</kbd>
      ) : (
        <button
          type="button"
          aria-label={t("clearSearch")}
          onClick={() => {
            setText("");
            if (q !== "") onClear();
            else input.current?.focus();
          }}
        >
          <CloseIcon />
        </button>
      )}
      <ul id={list} role="listbox" aria-label={t("recentSearches")} className="mail-search-list" hidden={!shown}>
        {offered.map((each, index) => (
          <li
            key={each}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === active}
            // Before the field loses the focus and this list with it.
            onMouseDown={(event) => {
              event.preventDefault();
              search(each);
            }}
          >
            <HistoryIcon aria-hidden />
            <span>{each}</span>
            <span
              className="mail-search-forget"
              title={t("forgetSearch")}
              onMouseDown={(event) => {
                event.preventDefault();
                event.stopPropagation();
                setBefore(forget(each));
              }}
            >
              <CloseIcon aria-hidden />
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
