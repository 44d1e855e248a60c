import { describe, expect, it } from "vitest";

import { LOCALES, translator, type Key } from "../core/i18n.ts";
import * as frameEn from "./en.ts";
import type { Message } from "./en.ts";
import * as manageEn from "./manage-en.ts";
import * as manageRu from "./manage-ru.ts";
import * as manageZh from "./manage-zh.ts";
import * as frameRu from "./ru.ts";
import * as frameZh from "./zh.ts";

type Catalogue = Record<Key, Message>;

const en: Catalogue = { ...frameEn.en, ...manageEn.en };
const catalogues: Record<string, Catalogue> = { en, ru: { ...frameRu.ru, ...manageRu.ru }, zh: { ...frameZh.zh, ...manageZh.zh } };
const sources = import.meta.glob("../**/*.{ts,tsx}", { query: "?raw", import: "default", eager: true }) as Record<string, string>;

const texts = (message: Message): string[] => (typeof message === "string" ? [message] : Object.values(message));
const places = (text: string): string => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))].sort().join(" ");

describe.each(LOCALES)("the catalogue %s", (locale) => {
  const catalogue = catalogues[locale] ?? en;

  it("has the same keys as the English one, and no empty text", () => {
    expect(Object.keys(catalogue).sort()).toEqual(Object.keys(en).sort());
    for (const message of Object.values(catalogue)) for (const text of texts(message)) expect(text.trim()).not.toBe("");
  });

  it("has every plural form of its language wherever English has some", () => {
    const forms = new Intl.PluralRules(locale).resolvedOptions().pluralCategories;
    for (const [key, message] of Object.entries(en)) {
      const here: Message = catalogue[key as keyof Catalogue];
      expect(typeof here, key).toBe(typeof message);
      if (typeof here !== "string") expect(Object.keys(here).sort(), key).toEqual([...forms].sort());
    }
  });

  it("fills in the same places", () => {
    for (const [key, message] of Object.entries(en)) {
      const wanted = places(texts(message).join());
      for (const text of texts(catalogue[key as keyof Catalogue])) expect(places(text), key).toBe(wanted);
    }
  });
});

it("loads with the frame what the frame shows", () => {
  const eager = Object.entries(sources).filter(([path]) => /\/(core|frame|ui)\/|\/app\.tsx|\/screens\/(home|sign-in|not-found)\.tsx/.test(path)).map(([, text]) => text).join("\n");
  expect(Object.keys(manageEn.en).filter((key) => eager.includes(`t("${key}"`))).toEqual([]);
});

it("has no text that nothing shows", () => {
  const code = Object.entries(sources).filter(([path]) => !path.includes("/locales/") && !path.startsWith("./")).map(([, text]) => text).join("\n");
  // Written out, or built from a name: home.*.text, home.*.do, theme.*.
  const built = /^(home\.(add|enable|settings|people)\.(text|do)|theme\.(system|light|dark))$/;
  const unused = Object.keys(en).filter((key) => !code.includes(`"${key}"`) && !built.test(key));
  expect(unused).toEqual([]);
});

describe("a text", () => {
  it("has the plural form of its count", () => {
    const days = (locale: "en" | "ru" | "zh", count: number) => translator(locale, catalogues[locale] ?? en)("tokens.days", { count });
    expect([1, 2, 5, 21, 22].map((count) => days("ru", count))).toEqual(["1 день", "2 дня", "5 дней", "21 день", "22 дня"]);
    expect([1, 2].map((count) => days("en", count))).toEqual(["1 day", "2 days"]);
    expect(days("zh", 7)).toBe("7 天");
  });

  it("keeps what it is given as it is, and a place that nothing is given for", () => {
    const t = translator("en", en);
    expect(t("home.hello", { name: "{email} $& <b>" })).toBe("Hello, {email} $& <b>");
    expect(t("home.hello")).toBe("Hello, {name}");
  });
});
