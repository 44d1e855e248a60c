/** Every text is there in every language, with the plural forms and the gaps to be filled in that the language needs. */
import { describe, expect, it } from "vitest";
import { areas, locales } from "./index.ts";

type Catalogue = { [key: string]: string | Catalogue };

const files = import.meta.glob<Catalogue>("./{en,ru,zh}/*.json", { eager: true, import: "default" });
const plural = /_(zero|one|two|few|many|other)$/;

function flat(catalogue: Catalogue, prefix = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(catalogue)) {
    if (typeof value === "string") found.set(prefix + key, value);
    else for (const [inner, text] of flat(value, `${prefix}${key}.`)) found.set(inner, text);
  }
  return found;
}

const texts = (locale: string, area: string) => flat(files[`./${locale}/${area}.json`] ?? {});
const gaps = (text: string) => new Set([...text.matchAll(/\{\{-?\s*(\w+)|<(\w+)>/g)].map((match) => match[1] ?? match[2]));

describe.each(areas)("texts of %s", (area) => {
  const english = texts("en", area);
  const names = (catalogue: Map<string, string>) => [...new Set([...catalogue.keys()].map((key) => key.replace(plural, "")))].sort();
  const counted = [...new Set([...english.keys()].filter((key) => plural.test(key)).map((key) => key.replace(plural, "")))];

  it.each(locales)("are all there in %s", (locale) => {
    expect(Object.keys(files)).toContain(`./${locale}/${area}.json`);
    const catalogue = texts(locale, area);
    expect(names(catalogue)).toEqual(names(english));
    expect([...catalogue].filter(([, text]) => text.trim() === "")).toEqual([]);
  });

  it.each(locales)("have the plural forms of %s", (locale) => {
    const catalogue = texts(locale, area);
    const forms = new Intl.PluralRules(locale).resolvedOptions().pluralCategories;
    for (const name of counted) {
      const there = [...catalogue.keys()].filter((key) => key.replace(plural, "") === name && plural.test(key)).map((key) => key.slice(name.length + 1));
      expect({ name, forms: there.sort() }).toEqual({ name, forms: [...forms].sort() });
    }
  });

  it.each(locales)("have the same gaps in %s", (locale) => {
    for (const [key, text] of texts(locale, area)) {
      const original = english.get(key) ?? english.get(key.replace(plural, "_other"));
      if (original === undefined) continue;
      // "One message" need not say 1.
      const numberless = (found: Set<string | undefined>) => [...found].filter((gap) => !(plural.test(key) && gap === "count")).sort();
      expect({ key, gaps: numberless(gaps(text)) }).toEqual({ key, gaps: numberless(gaps(original)) });
    }
  });
});
