import { Component, type ReactNode } from "react";

import { useLanguage } from "../core/i18n.ts";
import { Button } from "../ui/button.tsx";
import { Empty } from "../ui/states.tsx";

/** A screen that fails leaves the rest standing. After an upgrade of the host its parts may no longer be there: loading anew helps. */
export class Boundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render() {
    return this.state.failed ? <Failed /> : this.props.children;
  }
}

function Failed() {
  const { t } = useLanguage();
  return (
    <Empty whole icon="alert" title={t("screen.failed")} action={<Button look="main" icon="again" onClick={() => window.location.reload()}>{t("page.reload")}</Button>}>
      {t("screen.failed.text")}
    </Empty>
  );
}
