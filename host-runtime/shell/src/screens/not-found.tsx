import { useLanguage } from "../core/i18n.ts";
import { useMe } from "../core/session.ts";
import { useTitle } from "../core/title.ts";
import { LinkButton } from "../ui/button.tsx";
import { Empty } from "../ui/states.tsx";

export function NotFound() {
  const { t } = useLanguage();
  const administrator = useMe().role === "administrator";
  useTitle(t("not-found.title"));
  return (
    <Empty
      whole
      icon="search"
      title={t("not-found.title")}
      action={
        <>
          <LinkButton href="/" look="main" icon="home">{t("not-found.home")}</LinkButton>
          {administrator && <LinkButton href="/plugins" icon="plug">{t("nav.plugins")}</LinkButton>}
        </>
      }
    >
      {t("not-found.text")}
    </Empty>
  );
}

/** A plugin was switched off while its page was open. */
export function Gone({ title }: { title: string }) {
  const { t } = useLanguage();
  const administrator = useMe().role === "administrator";
  useTitle(title);
  return (
    <div role="status">
      <Empty
      whole
        icon="plug"
        title={t("gone.title", { title })}
        action={
          <>
            <LinkButton href="/" look="main" icon="home">{t("not-found.home")}</LinkButton>
            {administrator && <LinkButton href="/plugins" icon="plug">{t("nav.plugins")}</LinkButton>}
          </>
        }
      >
        {t("gone.text")}
      </Empty>
    </div>
  );
}

export function NotForYou() {
  const { t } = useLanguage();
  useTitle(t("not-for-you.title"));
  return (
    <Empty whole icon="lock" title={t("not-for-you.title")} action={<LinkButton href="/" look="main" icon="home">{t("not-found.home")}</LinkButton>}>
      {t("not-for-you.text")}
    </Empty>
  );
}
