import { unwrap } from "@plugin-host/client";
import { useState } from "react";

import { api } from "../../core/host.ts";
import { useFormat, useLanguage } from "../../core/i18n.ts";
import { useResource } from "../../core/resource.ts";
import { Button } from "../../ui/button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Loaded, Skeleton, Tag } from "../../ui/states.tsx";

/** Shown before one asks for more. */
const FEW = 5;

/** What ended badly, the newest first. */
export function FaultList({ id }: { id: string }) {
  const { t } = useLanguage();
  const { ago, moment } = useFormat();
  const [all, setAll] = useState(false);
  const faults = useResource(`faults ${id}`, async (signal) => (await unwrap(api.GET("/api/plugins/{id}/faults", { params: { path: { id } }, signal }))).items, ["plugins.changed"]);
  return (
    <section className="shell-card">
      <div className="shell-card-head">
        <h2>{t("faults.title")}</h2>
        <Button look="quiet" icon="again" onClick={faults.reload}>
          {t("reload")}
        </Button>
      </div>
      <Loaded from={faults} skeleton={<Skeleton rows={1} height={48} />}>
        {(items) =>
          items.length === 0 ? (
            <p className="shell-help">{t("faults.none")}</p>
          ) : (
            <>
              <ul className="shell-faults">
                {items.slice(0, all ? items.length : FEW).map((fault, index) => (
                  <li key={`${fault.at} ${index}`}>
                    <details>
                      <summary>
                        <Tag look="bad">{fault.reason}</Tag> <code>{fault.call}</code>
                        <time dateTime={new Date(fault.at).toISOString()} title={moment(fault.at)}>{ago(fault.at)}</time>
                        <Icon name="down" size={16} />
                      </summary>
                      <pre>{fault.detail}</pre>
                    </details>
                  </li>
                ))}
              </ul>
              {!all && items.length > FEW && (
                <Button look="quiet" onClick={() => setAll(true)}>
                  {t("faults.all", { count: items.length })}
                </Button>
              )}
            </>
          )
        }
      </Loaded>
    </section>
  );
}
