import { Problem } from "@plugin-host/client";
import { useTranslation } from "react-i18next";
import { useOnline } from "./online.ts";

/** The last part of a problem's `type`, which is stable. */
export function kindOf(error: unknown): string | undefined {
  return error instanceof Problem ? error.document?.type.split(/[/:#]/).pop() : undefined;
}

interface ProblemText {
  title: string;
  /** What to do. */
  advice: string;
  /** What the host or the plugin said; empty if that adds nothing. */
  detail: string;
  /** What an administrator finds in the log. */
  request: string | undefined;
}

/** An error for a person, in their language. */
export function useProblemText(error: unknown): ProblemText {
  const { t } = useTranslation("common");
  const online = useOnline();
  if (!(error instanceof Problem)) {
    // A chunk that is not there any more: the plugin was upgraded.
    return { title: t("problem.page.title"), advice: t("problem.page.advice"), detail: "", request: undefined };
  }
  if (error.status === 0) {
    const kind = online ? "unreached" : "offline";
    return { title: t(`problem.${kind}.title`), advice: t(`problem.${kind}.advice`), detail: "", request: undefined };
  }
  const detail = error.document?.detail ?? "";
  const request = error.document?.request_id;
  switch (kindOf(error)) {
    case "not-signed-in":
      return { title: t("problem.signedOut.title"), advice: t("problem.signedOut.advice"), detail: "", request };
    case "plugin-disabled":
      return { title: t("problem.disabled.title"), advice: t("problem.disabled.advice"), detail: "", request };
    case "not-found":
      return { title: t("problem.notFound.title"), advice: t("problem.notFound.advice"), detail: "", request };
    case "denied":
    case "administrator-only":
      return { title: t("problem.denied.title"), advice: t("problem.denied.advice"), detail: "", request };
    case "administrator-action":
      return { title: t("problem.administrator.title"), advice: t("problem.administrator.advice"), detail, request };
    case "reconnect":
      return { title: t("problem.reconnect.title"), advice: t("problem.reconnect.advice"), detail: "", request };
    case "waiting":
    case "rate-limited":
      return { title: t("problem.waiting.title"), advice: t("problem.waiting.advice"), detail: "", request };
    case "quota-exceeded":
      return { title: t("problem.quota.title"), advice: t("problem.quota.advice"), detail: "", request };
    case "conflict":
      return { title: t("problem.conflict.title"), advice: t("problem.conflict.advice"), detail, request };
    case "invalid-field":
      return { title: t("problem.invalid.title"), advice: t("problem.invalid.advice"), detail, request };
    default:
      return error.passing
        ? { title: t("problem.passing.title"), advice: t("problem.passing.advice"), detail, request }
        : { title: t("problem.other.title"), advice: t("problem.other.advice"), detail, request };
  }
}

/** One line, for a message beside what was tried. */
export function useProblemLine(): (error: unknown) => string {
  const { t } = useTranslation("common");
  return (error) => {
    if (!(error instanceof Problem)) return t("problem.page.title");
    if (error.status === 0) return t("problem.unreached.title");
    switch (kindOf(error)) {
      case "not-signed-in":
        return t("problem.signedOut.title");
      case "waiting":
      case "rate-limited":
        return t("problem.waiting.title");
      case "reconnect":
        return t("problem.reconnect.title");
      default:
        return error.document?.detail ?? t("problem.other.title");
    }
  };
}
