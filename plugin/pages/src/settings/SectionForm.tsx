import { Problem } from "@plugin-host/client";
import Alert from "antd/es/alert";
import App from "antd/es/app";
import Button from "antd/es/button";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { useSaveSection, type Field, type Section } from "../api/settings.ts";
import { Linkified } from "../shared/Linkified.tsx";
import { useProblemLine } from "../shared/problem.ts";
import { NotConfirmed } from "../shared/useConfirmed.ts";
import { Check } from "./Check.tsx";
import { FieldRow } from "./FieldRow.tsx";
import { Guide } from "./Guide.tsx";
import { changed, complete, type Draft } from "./draft.ts";

interface Props {
  section: Section;
  draft: Draft;
  onDraft: (draft: Draft) => void;
}

/** What stands in advanced fields unless somebody changes it: the cloud of everybody else, and Gmail's quotas of a new project. */
const USUAL: ReadonlySet<unknown> = new Set(["global", 6_000, 1_200_000]);

/** One section: its fields, saved together and apart from all others, and how to get what belongs into them. */
export function SectionForm({ section, draft, onDraft }: Props) {
  const { t } = useTranslation("settings");
  const { message } = App.useApp();
  const line = useProblemLine();
  const save = useSaveSection(section.name);
  const form = useRef<HTMLFormElement>(null);
  const [errors, setErrors] = useState<Readonly<Record<string, string>>>({});
  const [open, setOpen] = useState(false);
  // To the first wrong field, once it can be typed into again.
  const lead = useRef(false);
  useEffect(() => {
    if (!lead.current || save.isPending) return;
    lead.current = false;
    form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  });
  const dirty = Object.keys(draft).length > 0;
  const provider = section.name === "google" || section.name === "microsoft" ? section.name : undefined;
  const known = new Set(section.fields.map((field) => field.name));
  const general = save.error !== null && !(save.error instanceof NotConfirmed) && !Object.keys(errors).some((name) => known.has(name)) ? save.error : undefined;

  const edit = (field: Field) => (value: string | number | boolean) => {
    onDraft(changed(draft, field, value));
    if (field.name in errors) {
      const { [field.name]: _, ...others } = errors;
      setErrors(others);
    }
  };

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setErrors({});
    save.mutate(draft, {
      onSuccess: () => {
        onDraft({});
        void message.success(t("saved", { ns: "common" }));
      },
      onError: (error) => {
        const wrong = error instanceof Problem ? fieldErrors(error) : {};
        setErrors(wrong);
        if (section.fields.some((field) => field.advanced && field.name in wrong)) setOpen(true);
        lead.current = true;
      },
    });
  };

  const row = (field: Field) => (
    <FieldRow key={field.name} section={section} field={field} draft={draft} error={errors[field.name]} disabled={save.isPending} onChange={edit(field)} />
  );
  const plain = section.fields.filter((field) => !field.advanced);
  const advanced = section.fields.filter((field) => field.advanced);
  const set = advanced.filter((field) => field.value !== null && field.value !== undefined && field.value !== "" && !USUAL.has(field.value)).length;

  return (
    <div className={provider ? "em-settings-columns" : undefined}>
      <div className="em-sections">
        <form ref={form} className="em-card em-settings-form" onSubmit={submit} noValidate aria-label={section.title}>
          {provider === undefined ? <p className="em-hint">{section.help}</p> : null}
          <Notices section={section} />
          {plain.map(row)}
          {advanced.length > 0 ? (
            <details className="em-advanced" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
              <summary>
                {t("advanced")}
                {set > 0 ? <span className="em-hint">{t("advancedSet", { count: set })}</span> : null}
              </summary>
              <div className="em-advanced-fields">{advanced.map(row)}</div>
            </details>
          ) : null}
          {general === undefined ? null : <Alert type="error" showIcon title={line(general)} />}
          <div className="em-actions em-sticky-actions">
            <Button type="primary" htmlType="submit" disabled={!dirty} loading={save.isPending}>
              {t("save", { ns: "common" })}
            </Button>
            {dirty ? (
              <Button
                onClick={() => {
                  onDraft({});
                  setErrors({});
                  save.reset();
                }}
              >
                {t("discard", { ns: "common" })}
              </Button>
            ) : null}
          </div>
        </form>
        {section.checkable ? <Check section={section} dirty={dirty} /> : null}
      </div>
      {provider === undefined ? null : <Guide provider={provider} section={section} draft={draft} />}
    </div>
  );
}

/** What is to be known about what is saved: the plugin's words, or that all is well. */
function Notices({ section }: { section: Section }) {
  const { t } = useTranslation("settings");
  return (
    <>
      {section.checkable && complete(section) ? <Alert type="success" showIcon title={t("ready")} /> : null}
      {section.notices.map((notice) => (
        <Alert key={notice.text} type={notice.severity} showIcon title={<Linkified text={notice.text} />} />
      ))}
    </>
  );
}

function fieldErrors(problem: Problem): Record<string, string> {
  const { errors, field, detail } = problem.document ?? {};
  const list = errors ?? [];
  if (list.length === 0 && field && detail) return { [field]: detail };
  return Object.fromEntries(list.map((each) => [each.field, each.message]));
}
