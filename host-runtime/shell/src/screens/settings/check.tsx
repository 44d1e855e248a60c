import type { Schemas } from "../../core/host.ts";
import { useLanguage } from "../../core/i18n.ts";
import type { Key } from "../../core/i18n.ts";
import { Icon, type IconName } from "../../ui/icon.tsx";

export type Report = Schemas["CheckReport"];

const OUTCOMES: Record<Schemas["CheckOutcome"], { icon: IconName; key: Key }> = {
  passed: { icon: "check", key: "check.passed" },
  failed: { icon: "close", key: "check.failed" },
  skipped: { icon: "skip", key: "check.skipped" },
};

/** How the settings fared when they were tried, step by step. */
export function CheckSteps({ report }: { report: Report }) {
  const { t } = useLanguage();
  return (
    <section className="shell-check-report">
      <h3>{t(report.passed ? "check.all-passed" : "check.some-failed")}</h3>
      <ol>
        {report.steps.map((step, index) => {
          const { icon, key } = OUTCOMES[step.outcome];
          return (
            <li key={`${index} ${step.title}`} className={`shell-step-${step.outcome}`}>
              <Icon name={icon} size={18} />
              <div>
                <strong>{step.title}</strong> <span className="shell-small">{t(key)}</span>
                {step.detail !== "" && <p>{step.detail}</p>}
              </div>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
