import type { PageContext } from "@plugin-host/client";
import type { QueryClient } from "@tanstack/react-query";
import type { i18n } from "i18next";
import { listen } from "../api/events.ts";
import { createQueryClient } from "../api/query.ts";
import { createI18n } from "../i18n/index.ts";

/** What lives as long as the pages are mounted. */
export class PagesRuntime {
  readonly queries: QueryClient = createQueryClient();
  readonly i18n: i18n;
  private readonly deaf: () => void;

  constructor(context: PageContext) {
    this.i18n = createI18n(context.locale);
    this.deaf = listen(context.events, this.queries);
  }

  close(): void {
    this.deaf();
    this.queries.clear();
  }
}
