import type { Problem } from "@plugin-host/client";
import type { ReactNode } from "react";

import { useLanguage } from "../core/i18n.ts";
import { problemText } from "../core/problem-text.ts";
import type { Resource } from "../core/resource.ts";
import { Button } from "./button.tsx";
import { Icon, type IconName } from "./icon.tsx";

/** Rows of the size of what will be there, so that nothing jumps when it comes. */
export function Skeleton({ rows = 3, height = 72 }: { rows?: number; height?: number }) {
  const { t } = useLanguage();
  return (
    <div className="shell-skeleton" role="status" aria-label={t("loading")}>
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} style={{ height }} />
      ))}
    </div>
  );
}

/** `whole`: it is all that the screen has, and so its heading is the screen's. */
export function Empty({ icon, title, children, action, whole = false }: { icon: IconName; title: string; children?: ReactNode; action?: ReactNode; whole?: boolean }) {
  const Heading = whole ? "h1" : "h2";
  return (
    <div className="shell-empty">
      <span className="shell-empty-icon">
        <Icon name={icon} size={28} />
      </span>
      <Heading>{title}</Heading>
      {children !== undefined && <p>{children}</p>}
      {action !== undefined && <div className="shell-actions">{action}</div>}
    </div>
  );
}

/** What went wrong, in place. It is announced to those who can't see it appear. */
export function Failure({ problem, retry }: { problem: Problem; retry?: (() => void) | undefined }) {
  const { t } = useLanguage();
  const { title, detail, request } = problemText(problem, t);
  return (
    <div className="shell-note shell-note-bad" role="alert">
      <Icon name="alert" />
      <div className="shell-note-text">
        <strong>{title}</strong>
        {detail !== undefined && <p>{detail}</p>}
        {request !== undefined && (
          <p className="shell-small">
            {t("problem.request")} <code>{request}</code>
          </p>
        )}
      </div>
      {retry !== undefined && (
        <Button icon="again" onClick={retry}>
          {t("retry")}
        </Button>
      )}
    </div>
  );
}

export function Note({ look = "info", icon, title, children, action }: { look?: "info" | "good" | "warn" | "bad"; icon?: IconName; title?: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className={`shell-note shell-note-${look}`}>
      <Icon name={icon ?? (look === "good" ? "check" : look === "info" ? "info" : "alert")} />
      <div className="shell-note-text">
        {title !== undefined && <strong>{title}</strong>}
        {children !== undefined && <div>{children}</div>}
      </div>
      {action}
    </div>
  );
}

/** Shows what was read, or that it is being read, or why not. What is there stays there while it is read anew. */
export function Loaded<D>({ from, skeleton, children }: { from: Resource<D>; skeleton?: ReactNode; children: (data: D) => ReactNode }) {
  if (from.data === undefined) {
    return from.problem !== undefined && !from.loading ? <Failure problem={from.problem} retry={from.reload} /> : <>{skeleton ?? <Skeleton />}</>;
  }
  return (
    <>
      {from.problem !== undefined && <Failure problem={from.problem} retry={from.reload} />}
      {children(from.data)}
    </>
  );
}

export function Tag({ look = "plain", children }: { look?: "plain" | "good" | "warn" | "bad"; children: ReactNode }) {
  return <span className={`shell-tag shell-tag-${look}`}>{children}</span>;
}
