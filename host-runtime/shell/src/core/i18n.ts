import type { Locale } from "@plugin-host/client";
import { useMemo } from "react";

import type { Catalogue, FrameKey, Message } from "../locales/en.ts";
import type { ManageKey } from "../locales/manage-en.ts";
import { recall, remember } from "./memory.ts";
import { createStore, useStore } from "./store.ts";

export const LOCALES: readonly Locale[] = ["en", "ru", "zh"];

/** Each language in its own words, so that everybody finds theirs. */
export const LOCALE_NAMES: Record<Locale, string> = { en: "English", ru: "Русский", zh: "简体中文" };

export type Key = FrameKey | ManageKey;

const FRAME: Record<Locale, () => Promise<Catalogue<FrameKey>>> = {
  en: async () => (await import("../locales/en.ts")).en,
  ru: async () => (await import("../locales/ru.ts")).ru,
  zh: async () => (await import("../locales/zh.ts")).zh,
};

const MANAGE: Record<Locale, () => Promise<Catalogue<ManageKey>>> = {
  en: async () => (await import("../locales/manage-en.ts")).en,
  ru: async () => (await import("../locales/manage-ru.ts")).ru,
  zh: async () => (await import("../locales/manage-zh.ts")).zh,
};

export type Values = Record<string, string | number>;
export type T = (key: Key, values?: Values) => string;

export interface Language {
  locale: Locale;
  t: T;
}

const language = createStore<Language>({ locale: "en", t: (key) => key });

/** The nearest of our languages to a tag such as `zh-Hans-CN`. */
export function nearest(tag: string | null | undefined): Locale | undefined {
  const short = (tag ?? "").toLowerCase().split("-")[0];
  return LOCALES.find((locale) => locale === short);
}

/** Before somebody has signed in: what was chosen here last, or what the browser prefers. */
export function guessed(): Locale {
  return [recall("locale"), ...navigator.languages].map(nearest).find((locale) => locale !== undefined) ?? "en";
}

/** Whether a screen of administration was opened, so that a change of language needs its texts as well. */
let managing = false;

export async function speak(locale: Locale): Promise<void> {
  const [frame, manage] = await Promise.all([FRAME[locale](), managing ? MANAGE[locale]() : undefined]);
  remember("locale", locale);
  document.documentElement.lang = locale === "zh" ? "zh-Hans" : locale;
  language.set({ locale, t: translator(locale, { ...frame, ...manage }) });
}

/** The texts of administration, for a screen that is about to be shown. */
export async function speakOfManaging(): Promise<void> {
  if (managing) return;
  managing = true;
  await speak(language.get().locale);
}

export const currentLocale = (): Locale => language.get().locale;

export function useLanguage(): Language {
  return useStore(language);
}

export function translator(locale: Locale, catalogue: Partial<Record<Key, Message>>): T {
  const plural = new Intl.PluralRules(locale);
  const number = new Intl.NumberFormat(locale);
  return (key, values = {}) => {
    const message: Message = catalogue[key] ?? key;
    const text = typeof message === "string" ? message : (message[plural.select(Number(values["count"] ?? 0))] ?? message.other);
    return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
      const value = values[name];
      return value === undefined ? whole : typeof value === "number" ? number.format(value) : value;
    });
  };
}

/** Dates, sizes and lengths of time, as the language writes them. */
export function useFormat() {
  const { locale } = useLanguage();
  return useMemo(() => formats(locale), [locale]);
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

export function formats(locale: Locale) {
  const day = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
  const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  const ago = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  return {
    day: (at: number) => day.format(at),
    moment: (at: number) => moment.format(at),
    /** "now", "5 minutes ago"; a date once that says more. */
    ago(at: number, now = Date.now()): string {
      const minutes = Math.round((at - now) / 60_000);
      if (minutes === 0) return ago.format(0, "second");
      if (Math.abs(minutes) < 60) return ago.format(minutes, "minute");
      const hours = Math.round(minutes / 60);
      if (Math.abs(hours) < 24) return ago.format(hours, "hour");
      const days = Math.round(hours / 24);
      return Math.abs(days) < 7 ? ago.format(days, "day") : day.format(at);
    },
    bytes(bytes: number): string {
      let step = 0;
      let size = bytes;
      // 1000 MiB are shown as such: a gigabyte begins at 1024.
      while (size >= 1024 && step < UNITS.length - 1) {
        size /= 1024;
        step += 1;
      }
      const unit = UNITS[step] ?? "byte";
      const unitDisplay = step === 0 ? "long" : "short";
      return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay, maximumFractionDigits: size < 10 ? 1 : 0 }).format(size);
    },
    seconds(seconds: number): string {
      const [value, unit] = seconds % 3600 === 0 && seconds > 0 ? [seconds / 3600, "hour"] : seconds % 60 === 0 && seconds > 0 ? [seconds / 60, "minute"] : [seconds, "second"];
      return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }).format(value);
    },
    number: (value: number) => new Intl.NumberFormat(locale).format(value),
    list: (items: string[]) => new Intl.ListFormat(locale).format(items),
  };
}
