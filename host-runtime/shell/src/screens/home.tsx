import { unwrap } from "@plugin-host/client";
import { useEffect } from "react";

import { useEntries } from "../core/entries.ts";
import { api, type Plugin } from "../core/host.ts";
import { useLanguage } from "../core/i18n.ts";
import { useResource } from "../core/resource.ts";
import { navigate } from "../core/router.ts";
import { useMe } from "../core/session.ts";
import { useTitle } from "../core/title.ts";
import type { Key } from "../core/i18n.ts";
import { LinkButton } from "../ui/button.tsx";
import { EntryIcon, Icon } from "../ui/icon.tsx";
import { Empty, Loaded, Note, Skeleton } from "../ui/states.tsx";
import { offers, usePlugins } from "./plugins/data.ts";
import { readyToUse } from "./settings/model.ts";

/** A member is led to the first page, an administrator to what is to be done next. */
export function Home() {
  return useMe().role === "administrator" ? <AdministratorHome /> : <MemberHome />;
}

function MemberHome() {
  const { t } = useLanguage();
  const first = useEntries().find(({ place }) => place === "main");
  useTitle(t("nav.home"));
  useEffect(() => {
    if (first !== undefined) navigate(first.path, { replace: true });
  }, [first]);
  return first === undefined ? (
    <Empty whole icon="plug" title={t("home.nothing")}>
      {t("home.nothing.text")}
    </Empty>
  ) : null;
}

export interface Step {
  name: "add" | "enable" | "settings" | "people";
  done: boolean;
  href: string;
  says: Key;
  /** Of the plugin that it is about, if there is one. */
  title: string;
}

function AdministratorHome() {
  const { t } = useLanguage();
  const me = useMe();
  const entries = useEntries();
  const plugins = usePlugins();
  const running = (plugins.data ?? []).filter(({ state }) => state === "enabled");
  const withSettings = running.filter((plugin) => offers(plugin, "platform:plugin/settings")).map(({ id }) => id).join(" ");
  const state = useResource(`home ${withSettings}`, async (signal) => {
    const ids = withSettings.split(" ").filter(Boolean);
    const [people, ...settings] = await Promise.all([
      unwrap(api.GET("/api/users", { signal })),
      ...ids.map(async (id) => {
        // One whose settings can't even be read waits for somebody to look at them.
        const ready = await unwrap(api.GET("/api/plugins/{id}/settings", { params: { path: { id } }, signal })).then(({ sections }) => readyToUse(sections), () => false);
        return { id, ready };
      }),
    ]);
    return { people: people.items.length, unready: settings.filter(({ ready }) => !ready).map(({ id }) => id) };
  });
  useTitle(t("nav.home"));
  const main = entries.filter(({ place }) => place === "main");
  return (
    <div className="shell-content">
      <div className="shell-head">
        <div>
          <h1>{t("home.hello", { name: me.name })}</h1>
        </div>
      </div>
      <Loaded from={plugins} skeleton={<Skeleton rows={4} height={76} />}>
        {(all) => (
          <>
            {all.filter((plugin) => plugin.state === "broken").map((plugin) => (
              <Note key={plugin.id} look="bad" title={t("home.broken", { title: plugin.title })} action={<LinkButton href={`/plugins/${encodeURIComponent(plugin.id)}`}>{t("home.look")}</LinkButton>}>
                {plugin.reason ?? ""}
              </Note>
            ))}
            {main.length > 0 && (
              <ul className="shell-cards shell-tiles">
                {main.map((entry) => (
                  <li key={entry.path}>
                    <a className="shell-card shell-go" href={entry.path}>
                      <span className="shell-plugin-icon">
                        <EntryIcon path={entry.icon} size={24} />
                      </span>
                      <span className="shell-go-text">
                        <strong>{entry.title}</strong>
                        <span className="shell-help">{all.find(({ id }) => id === entry.plugin)?.title ?? ""}</span>
                      </span>
                      <Icon name="right" />
                    </a>
                  </li>
                ))}
              </ul>
            )}
            <Loaded from={state} skeleton={<Skeleton rows={4} height={76} />}>
              {({ people, unready }) => <Steps steps={steps(all, people, unready, (id) => entries.find((entry) => entry.plugin === id && entry.place === "settings")?.path)} />}
            </Loaded>
          </>
        )}
      </Loaded>
    </div>
  );
}

/** What there is to do until people can work, in its order. */
export function steps(plugins: readonly Pick<Plugin, "id" | "title" | "state">[], people: number, unready: readonly string[], settingsPage: (plugin: string) => string | undefined): Step[] {
  const first = plugins[0];
  const enabled = plugins.filter(({ state }) => state === "enabled");
  const waiting = plugins.find(({ id }) => unready.includes(id)) ?? enabled[0];
  return [
    { name: "add", done: plugins.length > 0, href: "/plugins", says: "home.add", title: "" },
    { name: "enable", done: enabled.length > 0, href: first === undefined ? "/plugins" : `/plugins/${encodeURIComponent(first.id)}`, says: first === undefined ? "home.enable.any" : "home.enable", title: first?.title ?? "" },
    {
      name: "settings",
      done: enabled.length > 0 && unready.length === 0,
      href: waiting === undefined ? "/settings" : (settingsPage(waiting.id) ?? `/settings/${encodeURIComponent(waiting.id)}`),
      says: waiting === undefined ? "home.settings.any" : "home.settings",
      title: waiting?.title ?? "",
    },
    { name: "people", done: people > 1, href: "/users", says: "home.people", title: "" },
  ];
}

function Steps({ steps }: { steps: readonly Step[] }) {
  const { t } = useLanguage();
  const next = steps.find(({ done }) => !done);
  if (next === undefined) return <Note look="good" title={t("home.all-done")}>{t("home.all-done.text")}</Note>;
  return (
    <section className="shell-card" aria-labelledby="home-steps">
      <h2 id="home-steps">{t("home.steps")}</h2>
      <ol className="shell-steps">
        {steps.map((step, index) => (
          <li key={step.name} className={step.done ? "shell-steps-done" : step === next ? "shell-steps-next" : ""}>
            <span className="shell-steps-mark">{step.done ? <Icon name="check" size={18} /> : <span aria-hidden="true">{index + 1}</span>}</span>
            <div>
              <strong>{t(step.says, { title: step.title })}</strong> {step.done && <span className="shell-hidden">{t("home.done")}</span>}
              {!step.done && <p className="shell-help">{t(`home.${step.name}.text`)}</p>}
            </div>
            {!step.done && (
              <LinkButton href={step.href} look={step === next ? "main" : "plain"}>
                {t(`home.${step.name}.do`)}
              </LinkButton>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}
