import Button from "antd/es/button";
import Skeleton from "antd/es/skeleton";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "../shared/states.tsx";
import { useAccounts } from "../mailbox/data.ts";
import { CloseIcon } from "../mailbox/icons.tsx";
import { ComposeForm } from "./ComposeForm.tsx";
import { useCompose, type Window } from "./store.ts";
import { useSeed } from "./useSeed.ts";

interface Props {
  window: Window;
  shown: boolean;
  full: boolean;
  /** Changes between the panel and a page of its own. */
  onFull: (() => void) | undefined;
  onMinimise: () => void;
}

/** A window, from the moment when it is not known yet what stands in it. */
export default function ComposeWindow(props: Props) {
  const { window: own, shown, full } = props;
  const { t } = useTranslation(["compose", "common"]);
  const compose = useCompose();
  const accounts = useAccounts();
  const begun = useSeed(own, accounts.data);
  const close = () => compose.close(own.key);
  useEffect(() => {
    if (begun.data !== undefined) compose.rename(own.key, begun.data.content.subject);
  }, [begun.data, compose, own.key]);
  return (
    <section className="compose-window" data-full={full || undefined} hidden={!shown} role="dialog" aria-label={own.title === "" ? t("newMessage") : own.title}>
      {begun.data !== undefined && accounts.data !== undefined ? (
        <ComposeForm {...props} begun={begun.data} accounts={accounts.data} onClose={close} />
      ) : (
        <>
          <header className="compose-head">
            <span className="compose-title">{t("newMessage")}</span>
            <Button type="text" size="small" aria-label={t("common:close")} icon={<CloseIcon />} onClick={close} />
          </header>
          {begun.isError ? (
            <Failure error={begun.error} onRetry={() => void begun.refetch()} />
          ) : (
            <div className="compose-loading" aria-busy>
              <Skeleton active paragraph={{ rows: 6 }} />
            </div>
          )}
        </>
      )}
    </section>
  );
}
