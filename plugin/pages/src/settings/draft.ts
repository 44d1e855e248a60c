import type { Field, Section, Value } from "../api/settings.ts";

/** What was typed and is not saved: by field, only what differs from what is stored. */
export type Draft = Readonly<Record<string, Value>>;

/** What a field shows. A secret shows whether there is one, or what was typed over it. */
export function shown(field: Field, draft: Draft): Value | null {
  return draft[field.name] ?? field.value ?? null;
}

/** The draft with one field changed; typing back what is stored is no change. */
export function changed(draft: Draft, field: Field, value: Value): Draft {
  const { [field.name]: _, ...others } = draft;
  const stored = field.value ?? (field.control === "toggle" || field.control === "secret" ? false : "");
  return value === stored ? others : { ...others, [field.name]: value };
}

/** Without what the section has already, as after another window saved it. */
export function pending(section: Section, draft: Draft): Draft {
  let left: Draft = {};
  for (const field of section.fields) {
    const value = draft[field.name];
    if (value !== undefined && field.control !== "copyable") left = changed(left, field, value);
  }
  return left;
}

/** Whether all that the section can't do without is stored. */
export function complete(section: Section): boolean {
  return section.fields.filter((field) => field.required).every((field) => field.value !== null && field.value !== undefined && field.value !== "" && field.value !== false);
}

/** Text values by name, as stored or typed. */
export function text(section: Section, draft: Draft, name: string): string {
  const field = section.fields.find((each) => each.name === name);
  const value = field && shown(field, draft);
  return typeof value === "string" ? value : "";
}

export function on(section: Section, draft: Draft, name: string): boolean {
  const field = section.fields.find((each) => each.name === name);
  return field !== undefined && shown(field, draft) === true;
}
