import SettingOutlined from "@ant-design/icons/es/icons/SettingOutlined";
import Tabs from "antd/es/tabs";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSettings, type Section } from "../api/settings.ts";
import { usePage, useTitle } from "../app/context.tsx";
import { paths } from "../app/router.tsx";
import { Empty, Failure, Loading } from "../shared/states.tsx";
import { useUnsaved } from "../shared/useUnsaved.ts";
import { SectionForm } from "./SectionForm.tsx";
import { pending, type Draft } from "./draft.ts";
import "./settings.css";

/** Settings → Mail settings: a tab for each provider, and one for synchronising. */
export default function Settings() {
  const { t } = useTranslation("settings");
  const settings = useSettings();
  useTitle(t("title"));
  return (
    <div className="em-page">
      <div className="em-page-inner em-settings">
        <header className="em-page-head">
          <div>
            <h1>{t("title")}</h1>
            <p>{t("subtitle")}</p>
          </div>
        </header>
        {settings.data !== undefined ? (
          settings.data.sections.length === 0 ? (
            <Empty icon={<SettingOutlined />} title={t("none")} />
          ) : (
            <Sections sections={settings.data.sections} />
          )
        ) : settings.isError ? (
          <Failure error={settings.error} onRetry={() => void settings.refetch()} />
        ) : (
          <div className="em-card">
            <Loading rows={8} />
          </div>
        )}
      </div>
    </div>
  );
}

function Sections({ sections }: { sections: Section[] }) {
  const { t } = useTranslation("settings");
  const { location, navigate } = usePage();
  // Kept here, so that a look at another tab loses nothing.
  const [drafts, setDrafts] = useState<Readonly<Record<string, Draft>>>({});
  const draftOf = (section: Section) => pending(section, drafts[section.name] ?? {});
  const unsaved = sections.filter((section) => Object.keys(draftOf(section)).length > 0);
  useUnsaved(unsaved.length > 0);
  const asked = location.hash.slice(1);
  const active = sections.find((section) => section.name === asked) ?? sections[0];
  return (
    <Tabs
      {...(active && { activeKey: active.name })}
      onChange={(name) => navigate(`${paths.settings}#${name}`, { replace: true })}
      items={sections.map((section) => ({
        key: section.name,
        label: (
          <>
            {section.title}
            {unsaved.includes(section) ? (
              <span className="em-unsaved" title={t("unsaved")}>
                <span className="em-visually-hidden">{t("unsaved")}</span>
              </span>
            ) : null}
          </>
        ),
        children: <SectionForm section={section} draft={draftOf(section)} onDraft={(draft) => setDrafts((all) => ({ ...all, [section.name]: draft }))} />,
      }))}
    />
  );
}
