import Button from "antd/es/button";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { CloseIcon } from "./icons.tsx";
import { useNotices } from "./session.tsx";

/** The notice of the moment. The region is always there, else a screen reader would not read what comes into it. */
export function NoticeBar() {
  const notices = useNotices();
  const notice = useSyncExternalStore(notices.subscribe, notices.get);
  const { t } = useTranslation("common");
  return (
    <div className="mail-notices" role="status" aria-live="polite">
      {notice === undefined ? null : (
        <div
          key={notice.id}
          className="mail-notice"
          data-tone={notice.tone}
          onMouseEnter={() => notices.hold()}
          onMouseLeave={() => notices.release()}
          onFocus={() => notices.hold()}
          onBlur={() => notices.release()}
        >
          <span className="mail-notice-text">{notice.text}</span>
          {notice.action === undefined ? null : (
            <Button
              type="text"
              size="small"
              className="mail-notice-action"
              onClick={() => {
                notices.close(notice.id);
                notice.action?.run();
              }}
            >
              {notice.action.label}
            </Button>
          )}
          <Button type="text" size="small" className="mail-notice-close" aria-label={t("close")} icon={<CloseIcon />} onClick={() => notices.close(notice.id)} />
        </div>
      )}
    </div>
  );
}
