import type { ReactNode } from "react";

import type { Grants, Manifest } from "../../core/host.ts";
import { useFormat, useLanguage } from "../../core/i18n.ts";
import { Icon, type IconName } from "../../ui/icon.tsx";
import { Tag } from "../../ui/states.tsx";
import { compare, type Standing } from "./compare.ts";

/** What a plugin wants, and how that stands against what it was granted. */
export function GrantsView({ wanted, granted, manifest }: { wanted: Grants; granted: Grants | null | undefined; manifest: Manifest | null | undefined }) {
  const { t } = useLanguage();
  const { bytes, seconds } = useFormat();
  const all = compare(wanted, granted);
  const approved = granted !== null && granted !== undefined;
  const mark = (standing: Standing): ReactNode => {
    if (!approved) return null;
    if (standing === "same") return <Tag look="good">{t("grant.granted")}</Tag>;
    return standing === "missing" ? <Tag look="warn">{t("grant.missing")}</Tag> : <Tag>{t("grant.more")}</Tag>;
  };
  // One word for a whole list of which nothing is missing; otherwise each line says how it stands.
  const list = (items: readonly { standing: Standing }[]) => {
    const complete = items.every(({ standing }) => standing !== "missing");
    return { whole: complete ? mark("same") : null, each: (standing: Standing) => (complete && standing === "same" ? null : mark(standing)) };
  };
  const origins = list(all.origins);
  const paths = list(all.paths);
  const amount = ({ value, wanted: want, standing }: { value: number; wanted: number; standing: Standing }, format: (n: number) => string) => (
    <span className="shell-grant-amount">
      {!approved || standing === "same" ? format(want) : t("grant.amount", { granted: format(value), wanted: format(want) })} {mark(standing)}
    </span>
  );
  return (
    <dl className="shell-grants">
      <Row icon="globe" name={t("grant.origins")} help={t("grant.origins.help")} mark={all.origins.length > 0 && origins.whole}>
        {all.origins.length === 0 ? (
          <p>{t("grant.origins.none")}</p>
        ) : (
          <ul>
            {all.origins.map(({ value, internal, standing }) => (
              <li key={value}>
                <code>{value}</code> {internal && <Tag look="warn">{t("grant.internal.short")}</Tag>} {origins.each(standing)}
              </li>
            ))}
          </ul>
        )}
      </Row>
      {all.paths.length > 0 && (
        <Row icon="right" name={t("grant.paths")} help={t("grant.paths.help")} mark={paths.whole}>
          <ul>
            {all.paths.map(({ value, standing }) => (
              <li key={value}>
                <code>{value}</code> {paths.each(standing)}
              </li>
            ))}
          </ul>
        </Row>
      )}
      {all.pages !== undefined && (
        <Row icon="page" name={t("grant.pages")} help={t("grant.pages.help")}>
          {mark(all.pages)}
        </Row>
      )}
      <Row icon="disk" name={t("grant.storage")} help={t("grant.storage.help")}>
        {amount(all.storage, bytes)}
      </Row>
      <Row icon="memory" name={t("grant.memory")} help={t("grant.memory.help")}>
        {amount(all.memory, bytes)}
      </Row>
      <Row icon="clock" name={t("grant.seconds")} help={t("grant.seconds.help")}>
        {amount(all.seconds, seconds)}
      </Row>
      {manifest !== null && manifest !== undefined && manifest.schedules.length > 0 && (
        <Row icon="again" name={t("grant.schedules")} help={t("grant.schedules.help")}>
          <ul>
            {manifest.schedules.map(({ kind, every_seconds }) => (
              <li key={kind}>
                <code>{kind}</code> <span>{t("grant.every", { time: seconds(every_seconds) })}</span>
              </li>
            ))}
          </ul>
        </Row>
      )}
    </dl>
  );
}

function Row({ icon, name, help, mark, children }: { icon: IconName; name: string; help: string; mark?: ReactNode; children: ReactNode }) {
  return (
    <div>
      <dt>
        <Icon name={icon} size={18} /> {name}
      </dt>
      <dd>
        {mark}
        {children}
        <p className="shell-help">{help}</p>
      </dd>
    </div>
  );
}
