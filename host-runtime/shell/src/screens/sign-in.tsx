import { useState } from "react";

import { chooseBeforeSignIn, signIn } from "../core/account.ts";
import { LOCALE_NAMES, LOCALES, nearest, useLanguage } from "../core/i18n.ts";
import { useAction } from "../core/resource.ts";
import { PRODUCT, useTitle } from "../core/title.ts";
import { Button } from "../ui/button.tsx";
import { PasswordField, TextField } from "../ui/field.tsx";
import { Icon } from "../ui/icon.tsx";
import { Failure, Note } from "../ui/states.tsx";

/** Shown at whatever address was asked for, so that one is there after signing in. */
export function SignIn({ why }: { why: "none" | "ended" | "left" }) {
  const { t, locale } = useLanguage();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [missing, setMissing] = useState<{ email?: string; password?: string }>({});
  useTitle(t("sign-in.title"));
  const action = useAction(async () => {
    const found: typeof missing = {};
    if (email.trim() === "") found.email = t("field.required");
    if (password === "") found.password = t("field.required");
    setMissing(found);
    if (Object.keys(found).length === 0) await signIn(email.trim(), password);
  });
  return (
    <div className="shell-sign-in">
      <main>
        <div className="shell-sign-in-brand">
          <Icon name="plug" size={26} />
          <span>{PRODUCT}</span>
        </div>
        <form
          noValidate
          className="shell-card"
          onSubmit={(event) => {
            event.preventDefault();
            void action.run();
          }}
        >
          <h1>{t("sign-in.title")}</h1>
          {action.problem !== undefined ? (
            <Failure problem={action.problem} />
          ) : (
            why !== "none" && <Note title={t(why === "ended" ? "sign-in.ended" : "sign-in.left")} />
          )}
          <TextField label={t("sign-in.email")} type="email" name="email" autoComplete="username" inputMode="email" autoCapitalize="none" spellCheck={false} autoFocus value={email} onValue={setEmail} error={missing.email} />
          <PasswordField label={t("password")} name="password" autoComplete="current-password" value={password} onValue={setPassword} error={missing.password} />
          <Button look="main" type="submit" busy={action.busy} className="shell-wide">
            {t("sign-in.do")}
          </Button>
          <p className="shell-help">{t("sign-in.help")}</p>
        </form>
        <label className="shell-sign-in-language">
          <Icon name="globe" size={18} />
          <span className="shell-hidden">{t("profile.language")}</span>
          <select value={locale} onChange={(event) => void chooseBeforeSignIn(nearest(event.target.value) ?? "en")}>
            {LOCALES.map((known) => (
              <option key={known} value={known}>
                {LOCALE_NAMES[known]}
              </option>
            ))}
          </select>
        </label>
      </main>
    </div>
  );
}
