import { useState } from "react";

import { changeMe, confirmPassword } from "../core/account.ts";
import { asking } from "../core/confirm.ts";
import { useLanguage } from "../core/i18n.ts";
import { useAction } from "../core/resource.ts";
import { useMe } from "../core/session.ts";
import { useStore } from "../core/store.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { DialogFoot } from "../ui/dialog-foot.tsx";
import { PasswordField } from "../ui/field.tsx";
import { Failure, Note } from "../ui/states.tsx";

/** As the host has it. */
export const SHORTEST_PASSWORD = 8;

/** For password managers, which want to know whose password it is. */
function UserName({ email }: { email: string }) {
  return <input className="shell-hidden" type="text" name="username" autoComplete="username" value={email} readOnly tabIndex={-1} aria-hidden="true" />;
}

/** Asks for the password again whenever something waits for that. */
export function ConfirmDialog() {
  const answer = useStore(asking);
  return answer === undefined ? null : <Confirm answer={answer} />;
}

function Confirm({ answer }: { answer: (confirmed: boolean) => void }) {
  const { t } = useLanguage();
  const me = useMe();
  const [password, setPassword] = useState("");
  const [empty, setEmpty] = useState(false);
  const action = useAction(async () => {
    setEmpty(password === "");
    if (password === "") return;
    await confirmPassword(password);
    answer(true);
  });
  const wrong = action.problem?.kind === "wrong-credentials";
  return (
    <Dialog
      title={t("confirm.title")}
      onClose={() => answer(false)}
      onSubmit={() => void action.run()}
      foot={<DialogFoot onClose={() => answer(false)} busy={action.busy} text={t("confirm.do")} />}
    >
      <p>{t("confirm.why")}</p>
      {action.problem !== undefined && !wrong && <Failure problem={action.problem} />}
      <UserName email={me.email} />
      <PasswordField
        label={t("password")}
        name="password"
        autoComplete="current-password"
        data-autofocus
        value={password}
        onValue={setPassword}
        error={wrong ? t("confirm.wrong") : empty ? t("field.required") : undefined}
      />
    </Dialog>
  );
}

export function OwnPasswordDialog({ onClose }: { onClose: () => void }) {
  const { t } = useLanguage();
  const me = useMe();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [wrong, setWrong] = useState<{ current?: string; next?: string }>({});
  const [done, setDone] = useState(false);
  const action = useAction(async () => {
    const found: typeof wrong = {};
    if (current === "") found.current = t("field.required");
    if ([...next].length < SHORTEST_PASSWORD) found.next = t("password.short", { count: SHORTEST_PASSWORD });
    setWrong(found);
    if (Object.keys(found).length > 0) return;
    await changeMe({ password: next, current_password: current });
    setDone(true);
  });
  const fields = action.problem?.fields ?? {};
  const elsewhere = action.problem !== undefined && fields["current_password"] === undefined && fields["password"] === undefined;
  return (
    <Dialog
      title={t("profile.password")}
      onClose={onClose}
      {...(done ? {} : { onSubmit: () => void action.run() })}
      foot={
        done ? (
          <Button look="main" onClick={onClose}>
            {t("close")}
          </Button>
        ) : (
          <DialogFoot onClose={onClose} busy={action.busy} text={t("password.change")} />
        )
      }
    >
      {done ? (
        <div role="status">
          <Note look="good" title={t("password.changed")}>
            {t("password.changed.text")}
          </Note>
        </div>
      ) : (
        <>
          {elsewhere && action.problem !== undefined && <Failure problem={action.problem} />}
          <UserName email={me.email} />
          <PasswordField label={t("password.current")} autoComplete="current-password" data-autofocus value={current} onValue={setCurrent} error={wrong.current ?? (fields["current_password"] === undefined ? undefined : t("confirm.wrong"))} />
          <PasswordField label={t("password.new")} autoComplete="new-password" value={next} onValue={setNext} error={wrong.next ?? fields["password"]} help={t("password.rule", { count: SHORTEST_PASSWORD })} />
        </>
      )}
    </Dialog>
  );
}
