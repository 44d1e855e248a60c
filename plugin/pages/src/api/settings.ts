/** The plugin's settings, section by section. */
import { unwrap, type components } from "@plugin-host/client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { usePage } from "../app/context.tsx";
import { useConfirmed } from "../shared/useConfirmed.ts";
import { keys } from "./keys.ts";

export type Section = components["schemas"]["SettingsSection"];
export type Field = components["schemas"]["SettingsField"];
export type Value = components["schemas"]["SettingsValue"];
export type CheckReport = components["schemas"]["CheckReport"];
export type CheckStep = components["schemas"]["CheckStep"];
type Settings = components["schemas"]["Settings"];

/** As its manifest says. */
const PLUGIN = "email-manager";

/** Labels come in the asked language, so that each language is its own answer. */
export function useSettings() {
  const { api, locale } = usePage();
  return useQuery({
    queryKey: [...keys.settings(), locale],
    queryFn: ({ signal }) => unwrap(api.GET("/api/plugins/{id}/settings", { params: { path: { id: PLUGIN } }, signal })),
    // Somebody may be filling this in: nothing changes under their hands.
    refetchOnWindowFocus: false,
    placeholderData: (before) => before,
  });
}

/** Saves the fields that were changed; no other is touched. */
export function useSaveSection(section: string) {
  const { api, locale } = usePage();
  const confirmed = useConfirmed();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (values: Record<string, Value>) =>
      confirmed(() => unwrap(api.PUT("/api/plugins/{id}/settings/{section}", { params: { path: { id: PLUGIN, section } }, body: values }))),
    onSuccess: (saved) => {
      queries.setQueryData<Settings>([...keys.settings(), locale], (all) => all && { ...all, sections: all.sections.map((each) => (each.name === saved.name ? saved : each)) });
    },
  });
}

export function useCheckSection(section: string) {
  const { api } = usePage();
  const confirmed = useConfirmed();
  return useMutation({
    mutationFn: () => confirmed(() => unwrap(api.POST("/api/plugins/{id}/settings/{section}/check", { params: { path: { id: PLUGIN, section } } }))),
  });
}
