import { lazy, Suspense, useEffect } from "react";

import { forget, recognise } from "./core/account.ts";
import { useLanguage } from "./core/i18n.ts";
import { navigate, useLocation, wanted } from "./core/router.ts";
import { useSession } from "./core/session.ts";
import { Frame } from "./frame/frame.tsx";
import { Failure, Skeleton } from "./ui/states.tsx";

const SignIn = lazy(async () => ({ default: (await import("./screens/sign-in.tsx")).SignIn }));

export function App() {
  const { locale } = useLanguage();
  const session = useSession();
  const location = useLocation();

  // Nothing of one person is shown to the next.
  useEffect(() => {
    if (session.is === "out") forget();
  }, [session.is]);
  useEffect(() => {
    if (session.is === "in" && location.pathname === "/sign-in") navigate(wanted(location.search), { replace: true });
  }, [session.is, location]);

  switch (session.is) {
    case "unknown":
      return (
        <div className="shell-alone">
          <Skeleton />
        </div>
      );
    case "unreachable":
      return (
        <div className="shell-alone">
          <Failure problem={session.problem} retry={() => void recognise()} />
        </div>
      );
    case "out":
      return (
        <Suspense>
          <SignIn why={session.why} />
        </Suspense>
      );
    case "in":
      return <Frame key={session.me.id} locale={locale} me={session.me} />;
  }
}
