import Modal from "antd/es/modal";
import { useTranslation } from "react-i18next";
import { SHORTCUTS, type Shortcut } from "./keys.ts";

const GROUPS: readonly Shortcut["group"][] = ["list", "mail", "write", "go"];

/** All shortcuts, from the table that also runs them. */
export function ShortcutsHelp({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t } = useTranslation("mailbox");
  return (
    <Modal open={open} onCancel={onClose} footer={null} title={t("keys.title")} width={720}>
      <div className="mail-keys">
        {GROUPS.map((group) => (
          <section key={group}>
            <h3>{t(`keys.group.${group}`)}</h3>
            <dl>
              {byCommand(group).map(([command, ways]) => (
                <div key={command}>
                  <dt>
                    {ways.map((keys, index) => (
                      <span key={keys.join(" ")}>
                        {index > 0 ? <span className="mail-keys-or">/</span> : null}
                        {keys.map((key) => (
                          <kbd key={key}>{key}</kbd>
                        ))}
                      </span>
                    ))}
                  </dt>
                  <dd>{t(`keys.${command}`)}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  );
}

function byCommand(group: Shortcut["group"]): [Shortcut["command"], Shortcut["keys"][]][] {
  const found = new Map<Shortcut["command"], Shortcut["keys"][]>();
  for (const { command, keys, group: of } of SHORTCUTS) if (of === group) found.set(command, [...(found.get(command) ?? []), keys]);
  return [...found];
}
