import type { PageContext } from "@plugin-host/client";
import { QueryClientProvider } from "@tanstack/react-query";
import AntApp from "antd/es/app";
import ConfigProvider from "antd/es/config-provider";
import { Suspense, useMemo } from "react";
import { I18nextProvider } from "react-i18next";
import { Loading } from "../shared/states.tsx";
import { VARIABLES_CLASS, themeOf } from "../theme.ts";
import { ErrorBoundary } from "./ErrorBoundary.tsx";
import { PageContextProvider } from "./context.tsx";
import { useLocalePack } from "./locale.ts";
import { Routes } from "./router.tsx";
import type { PagesRuntime } from "./runtime.ts";
import { useReducedMotion } from "./useReducedMotion.ts";

/** Chinese buttons of two characters look like all others. */
const button = { autoInsertSpace: false };

interface Props {
  context: PageContext;
  runtime: PagesRuntime;
}

export function App({ context, runtime }: Props) {
  const reduced = useReducedMotion();
  const theme = useMemo(() => themeOf(context.theme, !reduced), [context.theme, reduced]);
  const csp = useMemo(() => ({ nonce: context.nonce }), [context.nonce]);
  const { pack, language } = useLocalePack(context.locale, runtime.i18n);
  return (
    <PageContextProvider value={context}>
      <I18nextProvider i18n={runtime.i18n}>
        <QueryClientProvider client={runtime.queries}>
          <ConfigProvider csp={csp} theme={theme} locale={pack} button={button}>
            <AntApp component={false}>
              <div className={`${VARIABLES_CLASS} em-root`} data-theme={context.theme} lang={language}>
                <ErrorBoundary at={context.location.pathname}>
                  <Suspense fallback={<Loading page />}>
                    <Routes />
                  </Suspense>
                </ErrorBoundary>
              </div>
            </AntApp>
          </ConfigProvider>
        </QueryClientProvider>
      </I18nextProvider>
    </PageContextProvider>
  );
}
