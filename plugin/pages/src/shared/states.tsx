import CloudServerOutlined from "@ant-design/icons/es/icons/CloudServerOutlined";
import DisconnectOutlined from "@ant-design/icons/es/icons/DisconnectOutlined";
import InboxOutlined from "@ant-design/icons/es/icons/InboxOutlined";
import Button from "antd/es/button";
import Skeleton from "antd/es/skeleton";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useOnline } from "./online.ts";
import { useProblemText } from "./problem.ts";

interface StateProps {
  /** Takes the whole page instead of its place in one. */
  page?: boolean;
}

interface EmptyProps extends StateProps {
  icon?: ReactNode;
  title: string;
  text?: ReactNode;
  /** What to do about it. */
  children?: ReactNode;
}

/** There is nothing, and that is as it should be. */
export function Empty({ page = false, icon = <InboxOutlined />, title, text, children }: EmptyProps) {
  const Heading = page ? "h1" : "h2";
  return (
    <div className={page ? "em-state em-state-page" : "em-state"}>
      <span className="em-state-icon" aria-hidden>
        {icon}
      </span>
      <Heading>{title}</Heading>
      {text === undefined ? null : <p>{text}</p>}
      {children === undefined ? null : <div className="em-state-actions">{children}</div>}
    </div>
  );
}

interface FailureProps extends StateProps {
  error: unknown;
  /** Tries again what failed. */
  onRetry?: (() => void) | undefined;
  children?: ReactNode;
}

/** Something failed: what, what to do about it, and a button that tries again. */
export function Failure({ page = false, error, onRetry, children }: FailureProps) {
  const { t } = useTranslation("common");
  const online = useOnline();
  const { title, advice, detail, request } = useProblemText(error);
  const Heading = page ? "h1" : "h2";
  return (
    <div className={page ? "em-state em-state-page" : "em-state"} role="alert">
      <span className="em-state-icon" aria-hidden>
        {online ? <CloudServerOutlined /> : <DisconnectOutlined />}
      </span>
      <Heading>{title}</Heading>
      <p>{advice}</p>
      {detail === "" ? null : <p>{detail}</p>}
      <div className="em-state-actions">
        {onRetry === undefined ? null : (
          <Button type="primary" onClick={onRetry}>
            {t("retry")}
          </Button>
        )}
        {children}
      </div>
      {request === undefined ? null : <small>{t("request", { id: request })}</small>}
    </div>
  );
}

interface LoadingProps extends StateProps {
  rows?: number;
}

/** Stands where something will be, so that nothing jumps. */
export function Loading({ page = false, rows = 4 }: LoadingProps) {
  const { t } = useTranslation("common", { useSuspense: false });
  return (
    <div className={page ? "em-page" : undefined} role="status" aria-busy>
      <span className="em-visually-hidden">{t("loading")}</span>
      <div className={page ? "em-page-inner" : undefined} aria-hidden>
        <Skeleton active title={page} paragraph={{ rows }} />
      </div>
    </div>
  );
}
