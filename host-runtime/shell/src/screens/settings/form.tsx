import { unwrap } from "@plugin-host/client";
import { useEffect, useId, useState } from "react";

import { usePlugins } from "../plugins/data.ts";
import { administer } from "../../core/confirm.ts";
import { api } from "../../core/host.ts";
import { useLanguage } from "../../core/i18n.ts";
import { useAction, useResource } from "../../core/resource.ts";
import { hold } from "../../core/router.ts";
import { useTitle } from "../../core/title.ts";
import { Advanced } from "../../ui/advanced.tsx";
import { Button } from "../../ui/button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Empty, Failure, Loaded, Note, Skeleton } from "../../ui/states.tsx";
import { CheckSteps, type Report } from "./check.tsx";
import { SettingsControl } from "./control.tsx";
import { changes, mistakes, type Section, type Values } from "./model.ts";

/** A form for the settings of any plugin, as it describes them. */
export default function SettingsForm({ id }: { id: string }) {
  const { t, locale } = useLanguage();
  const plugins = usePlugins();
  const title = plugins.data?.find((plugin) => plugin.id === id)?.title ?? id;
  const settings = useResource(`settings ${id} ${locale}`, async (signal) => (await unwrap(api.GET("/api/plugins/{id}/settings", { params: { path: { id } }, signal }))).sections, ["plugins.changed"]);
  useTitle(`${t("nav.settings")}: ${title}`);
  return (
    <div className="shell-content">
      <a className="shell-back" href="/settings">
        <Icon name="left" size={18} /> {t("nav.settings")}
      </a>
      <div className="shell-head">
        <h1>{title}</h1>
      </div>
      <Loaded from={settings} skeleton={<Skeleton rows={2} height={260} />}>
        {(sections) =>
          sections.length === 0 ? (
            <Empty icon="settings" title={t("settings.empty")} />
          ) : (
            sections.map((section) => (
              <SectionForm key={section.name} plugin={id} section={section} onSaved={(saved) => settings.set(sections.map((known) => (known.name === saved.name ? saved : known)))} />
            ))
          )
        }
      </Loaded>
    </div>
  );
}

function SectionForm({ plugin, section, onSaved }: { plugin: string; section: Section; onSaved: (section: Section) => void }) {
  const { t } = useLanguage();
  const id = useId();
  const [edited, setEdited] = useState<Values>({});
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [saved, setSaved] = useState(false);
  const [report, setReport] = useState<Report>();
  const path = { id: plugin, section: section.name };
  const changed = changes(section, edited);
  const dirty = Object.keys(changed).length > 0;

  const save = useAction(async () => {
    setSaved(false);
    const found = mistakes(section, edited);
    setWrong(
      Object.fromEntries(
        Object.entries(found).map(([name, mistake]) => {
          const field = section.fields.find((known) => known.name === name);
          return [name, mistake === "required" ? t("field.required") : mistake === "range" ? t("field.range", { low: field?.minimum ?? 0, high: field?.maximum ?? 0 }) : t("field.number")];
        }),
      ),
    );
    if (Object.keys(found).length > 0) return;
    const body = Object.fromEntries(Object.entries(changed).map(([name, value]) => [name, section.fields.find((field) => field.name === name)?.control === "integer" ? Number(value) : value]));
    const answer = await administer(() => unwrap(api.PUT("/api/plugins/{id}/settings/{section}", { params: { path }, body })));
    setEdited({});
    setReport(undefined);
    setSaved(true);
    onSaved(answer);
  });
  const check = useAction(async () => {
    setReport(undefined);
    setReport(await administer(() => unwrap(api.POST("/api/plugins/{id}/settings/{section}/check", { params: { path } }))));
  });

  useEffect(() => (dirty ? hold() : undefined), [dirty]);

  const errors = { ...(save.problem?.fields ?? {}), ...wrong };
  const named = section.fields.some((field) => errors[field.name] !== undefined);
  const control = (field: Section["fields"][number]) => (
    <SettingsControl
      key={field.name}
      field={field}
      edited={edited[field.name]}
      error={errors[field.name]}
      onEdited={(value) => {
        setSaved(false);
        setEdited((before) => {
          const { [field.name]: _, ...rest } = before;
          return value === undefined ? rest : { ...rest, [field.name]: value };
        });
      }}
    />
  );
  const plain = section.fields.filter((field) => !field.advanced);
  const advanced = section.fields.filter((field) => field.advanced);
  return (
    <form
      className="shell-card"
      noValidate
      aria-labelledby={id}
      onSubmit={(event) => {
        event.preventDefault();
        void save.run();
      }}
    >
      <h2 id={id}>{section.title}</h2>
      {section.help !== "" && <p className="shell-help">{section.help}</p>}
      {(section.notices ?? []).map((notice) => (
        <Note key={notice.text} look={notice.severity === "warning" ? "warn" : "info"}>
          {notice.text}
        </Note>
      ))}
      {plain.map(control)}
      {advanced.length > 0 && (
        <Advanced needed={advanced.some((field) => errors[field.name] !== undefined)}>{advanced.map(control)}</Advanced>
      )}
      {save.problem !== undefined && !named && <Failure problem={save.problem} />}
      {named && <p className="shell-error" role="alert">{t("form.see-fields")}</p>}
      {check.problem !== undefined && <Failure problem={check.problem} />}
      <div className="shell-actions">
        <Button look="main" type="submit" busy={save.busy} disabled={!dirty}>
          {t("save")}
        </Button>
        {dirty && (
          <Button look="quiet" onClick={() => { setEdited({}); setWrong({}); save.clear(); }}>
            {t("discard")}
          </Button>
        )}
        {section.checkable && (
          <Button busy={check.busy} disabled={dirty} onClick={() => void check.run()}>
            {t("settings.check")}
          </Button>
        )}
        <span role="status" className="shell-saved">
          {saved && !dirty && (
            <>
              <Icon name="check" size={18} /> {t("saved")}
            </>
          )}
        </span>
      </div>
      {section.checkable && dirty && <p className="shell-help">{t("settings.check.first")}</p>}
      <div aria-live="polite">{check.busy ? <Note title={t("settings.checking")} /> : report !== undefined && <CheckSteps report={report} />}</div>
    </form>
  );
}
