import { useLanguage } from "../core/i18n.ts";
import { Button } from "./button.tsx";

interface Props {
  onClose: () => void;
  /** While it is done: no way back, and no second time. */
  busy: boolean;
  look?: "main" | "danger";
  disabled?: boolean;
  /** What can't be undone is not what Enter does at once. */
  careful?: boolean;
  /** What is done. */
  text: string;
  /** To leave it, where that is no cancelling. */
  no?: string;
}

/** The buttons of a dialog that does something: leave it, or do it. */
export function DialogFoot({ onClose, busy, look = "main", disabled = false, careful = false, text, no }: Props) {
  const { t } = useLanguage();
  return (
    <>
      <Button onClick={onClose} disabled={busy} {...(careful ? { "data-autofocus": true } : {})}>
        {no ?? t("cancel")}
      </Button>
      <Button look={look} type="submit" busy={busy} disabled={disabled}>
        {text}
      </Button>
    </>
  );
}
