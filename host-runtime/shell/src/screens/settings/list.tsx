import { offers, usePlugins } from "../plugins/data.ts";
import { useEntries } from "../../core/entries.ts";
import { useLanguage } from "../../core/i18n.ts";
import { useTitle } from "../../core/title.ts";
import { LinkButton } from "../../ui/button.tsx";
import { EntryIcon, Icon } from "../../ui/icon.tsx";
import { Empty, Loaded, Skeleton } from "../../ui/states.tsx";

export default function SettingsList() {
  const { t } = useLanguage();
  const entries = useEntries().filter(({ place }) => place === "settings");
  const plugins = usePlugins();
  useTitle(t("nav.settings"));
  return (
    <div className="shell-content">
      <div className="shell-head">
        <div>
          <h1>{t("nav.settings")}</h1>
          <p>{t("settings.text")}</p>
        </div>
      </div>
      <Loaded from={plugins} skeleton={<Skeleton rows={2} height={76} />}>
        {(all) => {
          const plain = all.filter((plugin) => plugin.state === "enabled" && offers(plugin, "platform:plugin/settings") && entries.every((entry) => entry.plugin !== plugin.id));
          if (entries.length + plain.length === 0) {
            return (
              <Empty icon="settings" title={t("settings.none")} action={<LinkButton href="/plugins" look="main" icon="plug">{t("nav.plugins")}</LinkButton>}>
                {t("settings.none.text")}
              </Empty>
            );
          }
          return (
            <ul className="shell-cards">
              {entries.map((entry) => (
                <li key={entry.path}>
                  <SettingsLink href={entry.path} title={entry.title} path={entry.icon} text={all.find(({ id }) => id === entry.plugin)?.title ?? entry.plugin} />
                </li>
              ))}
              {plain.map((plugin) => (
                <li key={plugin.id}>
                  <SettingsLink href={`/settings/${encodeURIComponent(plugin.id)}`} title={plugin.title} text={plugin.description} />
                </li>
              ))}
            </ul>
          );
        }}
      </Loaded>
    </div>
  );
}

function SettingsLink({ href, title, text, path }: { href: string; title: string; text: string; path?: string | undefined }) {
  return (
    <a className="shell-card shell-go" href={href}>
      <span className="shell-plugin-icon">{path === undefined ? <Icon name="settings" size={22} /> : <EntryIcon path={path} size={22} />}</span>
      <span className="shell-go-text">
        <strong>{title}</strong>
        <span className="shell-help">{text}</span>
      </span>
      <Icon name="right" />
    </a>
  );
}
