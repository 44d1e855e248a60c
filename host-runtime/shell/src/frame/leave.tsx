import { useLanguage } from "../core/i18n.ts";
import { Dialog } from "../ui/dialog.tsx";
import { DialogFoot } from "../ui/dialog-foot.tsx";

/** Asks whether to leave what is not saved. To stay is what Enter and Escape do. */
export function LeaveDialog({ answer }: { answer: (leave: boolean) => void }) {
  const { t } = useLanguage();
  const stay = () => answer(false);
  return (
    <Dialog title={t("leave.title")} onClose={stay} onSubmit={() => answer(true)} foot={<DialogFoot onClose={stay} busy={false} look="danger" careful no={t("leave.stay")} text={t("leave.do")} />}>
      <p>{t("leave.text")}</p>
    </Dialog>
  );
}
