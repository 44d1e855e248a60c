import CheckCircleFilled from "@ant-design/icons/es/icons/CheckCircleFilled";
import CloseCircleFilled from "@ant-design/icons/es/icons/CloseCircleFilled";
import LoadingOutlined from "@ant-design/icons/es/icons/LoadingOutlined";
import MinusCircleOutlined from "@ant-design/icons/es/icons/MinusCircleOutlined";
import Button from "antd/es/button";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCheckSection, type CheckStep, type Section } from "../api/settings.ts";
import { useReducedMotion } from "../app/useReducedMotion.ts";
import { Linkified } from "../shared/Linkified.tsx";
import { Failure } from "../shared/states.tsx";
import { NotConfirmed } from "../shared/useConfirmed.ts";
import { complete } from "./draft.ts";

/** Between one step's result and the next: people follow them like this, and the answer comes with all of them. */
const PACE = 280;

const icons: Record<CheckStep["outcome"], React.ReactNode> = {
  passed: <CheckCircleFilled />,
  failed: <CloseCircleFilled />,
  skipped: <MinusCircleOutlined />,
};

interface Props {
  section: Section;
  /** What is tried is what is saved. */
  dirty: boolean;
}

/** Tries the saved settings at the provider, step by step. */
export function Check({ section, dirty }: Props) {
  const { t } = useTranslation("settings");
  const check = useCheckSection(section.name);
  const reduced = useReducedMotion();
  const steps = check.data?.steps ?? [];
  const [told, setTold] = useState(0);
  const visible = reduced ? steps.length : Math.min(told, steps.length);

  useEffect(() => {
    if (told >= steps.length) return;
    const timer = window.setTimeout(() => setTold(told + 1), PACE);
    return () => window.clearTimeout(timer);
  }, [told, steps.length]);

  const begin = () => {
    setTold(0);
    check.mutate();
  };
  const failed = steps.filter((step) => step.outcome === "failed").length;
  const done = check.isSuccess && visible === steps.length;
  const why = dirty ? t("check.saveFirst") : !complete(section) ? t("check.fillFirst") : undefined;
  return (
    <section className="em-card" aria-labelledby={`em-check-${section.name}`}>
      <div className="em-card-head">
        <h2 id={`em-check-${section.name}`}>{t("check.title")}</h2>
        <Button onClick={begin} loading={check.isPending} disabled={why !== undefined}>
          {t(check.isSuccess ? "check.again" : "check.action")}
        </Button>
      </div>
      <p className="em-hint">{why ?? t("check.hint", { provider: section.title })}</p>
      {check.isError && !(check.error instanceof NotConfirmed) ? <Failure error={check.error} onRetry={begin} /> : null}
      {check.isPending || check.isSuccess ? (
        <ol className="em-steps" aria-live="polite" aria-busy={!done}>
          {steps.slice(0, visible).map((step) => (
            <li key={step.title} data-outcome={step.outcome}>
              <span aria-hidden>{icons[step.outcome]}</span>
              <div>
                <div>
                  {step.title}
                  <span className="em-visually-hidden"> {t(`check.${step.outcome}`)}</span>
                </div>
                {step.detail === "" ? null : <div className="em-hint"><Linkified text={step.detail} /></div>}
              </div>
            </li>
          ))}
          {done ? null : (
            <li>
              <span aria-hidden>
                <LoadingOutlined />
              </span>
              <div className="em-hint">{t("check.running")}</div>
            </li>
          )}
        </ol>
      ) : null}
      {done ? (
        <p className="em-check-result" data-passed={failed === 0 || undefined} role="status">
          {failed === 0 ? t("check.good") : t("check.bad", { count: failed })}
        </p>
      ) : null}
    </section>
  );
}
