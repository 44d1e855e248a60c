import ExportOutlined from "@ant-design/icons/es/icons/ExportOutlined";
import Alert from "antd/es/alert";
import type { ReactNode } from "react";
import { Trans, useTranslation } from "react-i18next";
import type { Section } from "../api/settings.ts";
import { CopyButton } from "../shared/CopyButton.tsx";
import { complete, on, text, type Draft } from "./draft.ts";
import { googleScopes, microsoftScopes, sharedScopes } from "./scopes.ts";

interface Props {
  provider: "google" | "microsoft";
  section: Section;
  draft: Draft;
}

/** What to click at the provider, with what to paste there. Follows what is chosen in the form beside it. */
export function Guide({ provider, section, draft }: Props) {
  const { t } = useTranslation("settings");
  return (
    <aside className="em-card em-guide" aria-label={t(`guide.${provider}.title`)}>
      <details open>
        <summary>
          <h2>{t(`guide.${provider}.title`)}</h2>
        </summary>
        {provider === "google" ? <Google section={section} draft={draft} /> : <Microsoft section={section} draft={draft} />}
      </details>
    </aside>
  );
}

function Google({ section, draft }: Omit<Props, "provider">) {
  const { t } = useTranslation("settings");
  const scopes = googleScopes(text(section, draft, "access"), on(section, draft, "allow_delete"));
  return (
    <>
      <ol className="em-guide-steps">
        <Step>
          <Trans t={t} i18nKey="guide.google.project" components={{ b: <b />, a: <Out href="https://console.cloud.google.com/projectselector2/home/dashboard" /> }} />
        </Step>
        <Step>
          <Trans t={t} i18nKey="guide.google.api" components={{ b: <b />, a: <Out href="https://console.cloud.google.com/apis/library/gmail.googleapis.com" /> }} />
        </Step>
        <Step>
          <Trans t={t} i18nKey="guide.google.consent" components={{ b: <b />, a: <Out href="https://console.cloud.google.com/auth/overview" /> }} />
        </Step>
        <Step>
          <Trans t={t} i18nKey="guide.google.scopes" components={{ b: <b />, a: <Out href="https://console.cloud.google.com/auth/scopes" /> }} />
          <Paste text={scopes.join("\n")} name={t("guide.copyScopes")} />
        </Step>
        <Step>
          <Trans t={t} i18nKey="guide.google.client" components={{ b: <b />, a: <Out href="https://console.cloud.google.com/auth/clients" /> }} />
          <Redirect section={section} />
        </Step>
        <Step>
          <Trans t={t} i18nKey="guide.google.copy" components={{ b: <b /> }} />
        </Step>
      </ol>
      {/* Once it is set up, the form's notices say what still matters. */}
      {complete(section) ? null : (
        <>
          <Alert type="warning" showIcon title={t("guide.google.testing")} description={t("guide.google.testingText")} />
          <Alert type="warning" showIcon title={t("guide.google.restricted")} description={t("guide.google.restrictedText")} />
        </>
      )}
    </>
  );
}

function Microsoft({ section, draft }: Omit<Props, "provider">) {
  const { t } = useTranslation("settings");
  const access = [text(section, draft, "access"), on(section, draft, "allow_delete")] as const;
  const scopes = microsoftScopes(...access);
  const tenant = text(section, draft, "tenant");
  const kinds = { common: "everybody", "": "everybody", organizations: "organizations", consumers: "consumers" } as const;
  const kind = tenant in kinds ? kinds[tenant as keyof typeof kinds] : "single";
  return (
    <>
      <ol className="em-guide-steps">
        <Step>
          <Trans t={t} i18nKey="guide.microsoft.register" components={{ b: <b />, a: <Out href="https://entra.microsoft.com/#view/Microsoft_AAD_RegisteredApps/ApplicationsListBlade" /> }} />
        </Step>
        <Step>
          <Trans t={t} i18nKey={`guide.microsoft.${kind}`} components={{ b: <b /> }} />
        </Step>
        <Step>
          <Trans t={t} i18nKey="guide.microsoft.redirect" components={{ b: <b /> }} />
          <Redirect section={section} />
        </Step>
        <Step>
          <Trans t={t} i18nKey="guide.microsoft.scopes" components={{ b: <b /> }} />
          <Paste text={scopes.join("\n")} name={t("guide.copyScopes")} />
          {kind === "consumers" ? null : (
            <>
              <p>{t("guide.microsoft.shared")}</p>
              <Paste text={sharedScopes(...access).join("\n")} name={t("guide.copyShared")} />
            </>
          )}
        </Step>
        <Step>
          <Trans t={t} i18nKey="guide.microsoft.secret" components={{ b: <b /> }} />
        </Step>
        <Step>
          <Trans t={t} i18nKey="guide.microsoft.copy" components={{ b: <b /> }} />
        </Step>
      </ol>
      {complete(section) ? null : (
        <>
          <Alert type="warning" showIcon title={t("guide.microsoft.expires")} description={t("guide.microsoft.expiresText")} />
          <Alert type="warning" showIcon title={t("guide.microsoft.admin")} description={t("guide.microsoft.adminText")} />
        </>
      )}
    </>
  );
}

function Step({ children }: { children: ReactNode }) {
  return <li>{children}</li>;
}

function Out({ href, children }: { href: string; children?: ReactNode }) {
  const { t } = useTranslation("settings");
  return (
    <a href={href} target="_blank" rel="noreferrer">
      {children} <ExportOutlined aria-label={t("guide.newWindow")} />
    </a>
  );
}

function Redirect({ section }: { section: Section }) {
  const { t } = useTranslation("settings");
  const uri = text(section, {}, "redirect_uri");
  return uri === "" ? null : <Paste text={uri} name={t("guide.copyRedirect")} />;
}

function Paste({ text, name }: { text: string; name: string }) {
  return (
    <div className="em-paste">
      <code>{text}</code>
      <CopyButton text={text} label={name} bare />
    </div>
  );
}
