import { useTranslation } from "react-i18next";
import { useProblemLine } from "../shared/problem.ts";
import { useFormat } from "../shared/time.ts";
import type { SaveState } from "./saver.ts";

/** One line on whether what is written is safe. */
export function DraftState({ state, onRetry }: { state: SaveState; onRetry: () => void }) {
  const { t } = useTranslation("compose");
  const format = useFormat();
  const line = useProblemLine();
  if (state.kind === "failed") {
    return (
      <button type="button" className="compose-state" data-tone="problem" title={line(state.error)} onClick={onRetry}>
        {t("notSaved")}
      </button>
    );
  }
  const text = state.kind === "saving" || state.kind === "waiting" ? t("saving") : state.kind === "saved" ? t("savedAt", { time: format.moment(state.at) }) : "";
  return (
    <span className="compose-state" role="status">
      {text}
    </span>
  );
}
