import type { Schemas } from "../../core/host.ts";

export type Section = Schemas["SettingsSection"];
export type SettingsField = Schemas["SettingsField"];
export type Value = string | number | boolean;
export type Values = Record<string, Value>;

const empty = (field: SettingsField): boolean => field.value === null || field.value === undefined || field.value === "" || (field.control === "secret" && field.value === false);

/** Whether everything that must be filled in is. */
export function filledIn(section: Section): boolean {
  return section.fields.every((field) => !field.required || !["text", "secret", "integer", "choice"].includes(field.control) || !empty(field));
}

/**
 * Whether a plugin can work with its settings. Sections that can be checked are ways to the same thing (one provider or another), so that one of
 * them is enough; where there are none, all must be filled in.
 */
export function readyToUse(sections: readonly Section[]): boolean {
  const ways = sections.filter(({ checkable }) => checkable);
  return ways.length > 0 ? ways.some(filledIn) : sections.every(filledIn);
}

/** What is to be saved: only what was changed, so that nothing another person saved meanwhile is overwritten. */
export function changes(section: Section, edited: Values): Values {
  return Object.fromEntries(
    Object.entries(edited).filter(([name, value]) => {
      const field = section.fields.find((known) => known.name === name);
      return field !== undefined && field.control !== "copyable" && value !== (field.value ?? (field.control === "toggle" ? false : ""));
    }),
  );
}

export type Mistake = "required" | "number" | "range";

/** What can be seen to be wrong without asking. */
export function mistakes(section: Section, edited: Values): Record<string, Mistake> {
  const found: Record<string, Mistake> = {};
  for (const field of section.fields) {
    const value = edited[field.name];
    if (field.control === "integer" && value !== undefined) {
      const number = typeof value === "number" ? value : Number(value);
      if (value === "" || !Number.isInteger(number)) found[field.name] = "number";
      else if (number < (field.minimum ?? number) || number > (field.maximum ?? number)) found[field.name] = "range";
    } else if (field.required && field.control === "text" && typeof value === "string" && value.trim() === "") {
      found[field.name] = "required";
    }
  }
  return found;
}
