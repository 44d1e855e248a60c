import type { Locale } from "@plugin-host/client";
import type { ConfigProviderProps } from "antd/es/config-provider";
import type { i18n } from "i18next";
import { useEffect, useState } from "react";

type Pack = NonNullable<ConfigProviderProps["locale"]>;

/** The texts of the components themselves. English is part of them. */
const packs: Record<Exclude<Locale, "en">, () => Promise<{ default: Pack }>> = {
  ru: () => import("antd/es/locale/ru_RU"),
  zh: () => import("antd/es/locale/zh_CN"),
};

interface Loaded {
  language: Locale;
  pack: Pack | undefined;
}

/** Follows the shell's language: what is shown changes when both the components' texts and ours are there, and never half. */
export function useLocalePack(locale: Locale, texts: i18n): { language: Locale; pack: Pack } {
  const [loaded, setLoaded] = useState<Loaded>({ language: locale, pack: undefined });
  useEffect(() => {
    let current = true;
    const pack = locale === "en" ? Promise.resolve(undefined) : packs[locale]().then((module) => module.default);
    void Promise.all([pack, texts.changeLanguage(locale)]).then(([pack]) => {
      if (current) setLoaded({ language: locale, pack });
    });
    return () => {
      current = false;
    };
  }, [locale, texts]);
  return { language: loaded.language, pack: loaded.pack as Pack };
}
