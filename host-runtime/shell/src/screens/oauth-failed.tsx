import { Problem, unwrap } from "@plugin-host/client";

import { api } from "../core/host.ts";
import { useLanguage } from "../core/i18n.ts";
import { useResource } from "../core/resource.ts";
import { useLocation } from "../core/router.ts";
import { useTitle } from "../core/title.ts";
import { LinkButton } from "../ui/button.tsx";
import { Failure, Loaded } from "../ui/states.tsx";

/** Where a browser is sent when linking an account failed at the provider, or on the way back from there. */
export default function OauthFailed() {
  const { t } = useLanguage();
  const { search } = useLocation();
  const id = new URLSearchParams(search).get("problem") ?? "";
  useTitle(t("oauth-failed.title"));
  const failure = useResource(`oauth ${id}`, (signal) => unwrap(api.GET("/api/oauth/failures/{id}", { params: { path: { id } }, signal })));
  return (
    <div className="shell-content">
      <h1>{t("oauth-failed.title")}</h1>
      <Loaded from={failure}>
        {({ problem, next }) => (
          <>
            <Failure problem={new Problem(problem.status, problem, problem.detail)} />
            <div className="shell-actions">
              <LinkButton href={next} look="main">
                {t("oauth-failed.next")}
              </LinkButton>
            </div>
          </>
        )}
      </Loaded>
    </div>
  );
}
