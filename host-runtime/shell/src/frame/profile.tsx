import { lazy, Suspense, useState } from "react";

import { changeMe, signOut } from "../core/account.ts";
import { LOCALE_NAMES, LOCALES, useLanguage } from "../core/i18n.ts";
import { useAction } from "../core/resource.ts";
import { leave } from "../core/router.ts";
import { useMe } from "../core/session.ts";
import { choose, THEME_CHOICES, useThemeChoice } from "../core/theme.ts";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { Popover } from "../ui/menu.tsx";
import { Failure } from "../ui/states.tsx";

const OwnPasswordDialog = lazy(async () => ({ default: (await import("./password.tsx")).OwnPasswordDialog }));

/** The first letters of the first two words of a name. */
export function initials(name: string): string {
  const segments = name.trim().split(/\s+/).slice(0, 2).map((word) => [...word][0] ?? "");
  return segments.join("").toLocaleUpperCase();
}

export function Profile() {
  const { t, locale } = useLanguage();
  const me = useMe();
  const theme = useThemeChoice();
  const [password, setPassword] = useState(false);
  const out = useAction(signOut);
  const speak = useAction((next: string) => changeMe({ locale: next }));
  return (
    <>
      <Popover name={t("profile.of", { name: me.name })} className="shell-avatar" button={<span aria-hidden="true">{initials(me.name)}</span>}>
        {(close) => (
          <div className="shell-profile">
            <div className="shell-profile-who">
              <strong>{me.name}</strong>
              <span>{me.email}</span>
              <span className="shell-small">{t(me.role === "administrator" ? "role.administrator" : "role.member")}</span>
            </div>
            <fieldset className="shell-choices">
              <legend>
                <Icon name="globe" size={16} /> {t("profile.language")}
              </legend>
              {LOCALES.map((known) => (
                <label key={known}>
                  <input type="radio" name="locale" checked={known === locale} onChange={() => void speak.run(known)} />
                  <span lang={known === "zh" ? "zh-Hans" : known}>{LOCALE_NAMES[known]}</span>
                </label>
              ))}
            </fieldset>
            <fieldset className="shell-choices">
              <legend>
                <Icon name="theme" size={16} /> {t("profile.theme")}
              </legend>
              {THEME_CHOICES.map((known) => (
                <label key={known}>
                  <input type="radio" name="theme" checked={known === theme} onChange={() => choose(known)} />
                  <span>{t(`theme.${known}`)}</span>
                </label>
              ))}
            </fieldset>
            {speak.problem !== undefined && <Failure problem={speak.problem} />}
            {out.problem !== undefined && <Failure problem={out.problem} />}
            <div className="shell-profile-acts">
              <Button
                look="quiet"
                icon="lock"
                onClick={() => {
                  close();
                  setPassword(true);
                }}
              >
                {t("profile.password")}
              </Button>
              <Button look="quiet" icon="leave" busy={out.busy} onClick={() => leave(() => void out.run())}>
                {t("profile.leave")}
              </Button>
            </div>
          </div>
        )}
      </Popover>
      {password && (
        <Suspense>
          <OwnPasswordDialog onClose={() => setPassword(false)} />
        </Suspense>
      )}
    </>
  );
}
