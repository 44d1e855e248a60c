/**
 * Texts by language and area. An area's catalogue is a chunk of its own and loads when a page of it is first shown; a change of language
 * loads what is in use before anything changes on the screen.
 */
import type { Locale } from "@plugin-host/client";
import { createInstance, type BackendModule, type i18n } from "i18next";
import { initReactI18next } from "react-i18next";

export const locales = ["en", "ru", "zh"] as const satisfies readonly Locale[];
export const areas = ["common", "accounts", "settings", "mailbox", "compose"] as const;

const catalogues = import.meta.glob<{ default: Record<string, unknown> }>("./{en,ru,zh}/*.json");

const backend: BackendModule = {
  type: "backend",
  init() {},
  read(language, area, done) {
    const load = catalogues[`./${language}/${area}.json`];
    if (!load) return done(new Error(`no texts of ${area} in ${language}`), false);
    load().then(
      (module) => done(null, module.default),
      (error: unknown) => done(error instanceof Error ? error : new Error(String(error)), true),
    );
  },
};

export function createI18n(locale: Locale): i18n {
  const texts = createInstance();
  void texts
    .use(backend)
    .use(initReactI18next)
    .init({
      lng: locale,
      supportedLngs: [...locales],
      // Keys are the same in all languages, which a test sees to.
      fallbackLng: false,
      ns: ["common"],
      defaultNS: "common",
      interpolation: { escapeValue: false },
      returnNull: false,
      react: { useSuspense: true },
    });
  return texts;
}
