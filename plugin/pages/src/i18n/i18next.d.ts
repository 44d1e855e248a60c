import "i18next";
import type accounts from "./en/accounts.json";
import type common from "./en/common.json";
import type compose from "./en/compose.json";
import type mailbox from "./en/mailbox.json";
import type settings from "./en/settings.json";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "common";
    resources: { accounts: typeof accounts; common: typeof common; compose: typeof compose; mailbox: typeof mailbox; settings: typeof settings };
    returnNull: false;
  }
}
