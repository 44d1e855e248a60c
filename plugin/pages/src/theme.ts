import type { ConfigProviderProps } from "antd/es/config-provider";
import theme from "antd/es/theme";

type ThemeConfig = NonNullable<ConfigProviderProps["theme"]>;
type Tokens = NonNullable<ThemeConfig["token"]>;
type Components = NonNullable<ThemeConfig["components"]>;

/** Carries the tokens as `--em-…` variables for `index.css`. The components put it on whatever they open outside of the page, too. */
export const VARIABLES_CLASS = "em";

const shared: Tokens = {
  borderRadius: 8,
  controlHeight: 36,
  fontSize: 14,
  fontFamily:
    'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans SC", "Noto Sans CJK SC", sans-serif',
};

/** In harmony with the shell around the pages. Text has a contrast of 4.5:1 at least, what can be operated 3:1. */
const tokens: Record<"light" | "dark", Tokens> = {
  light: {
    colorPrimary: "#2a5bd7",
    colorInfo: "#2a5bd7",
    colorLink: "#2a5bd7",
    // Darker, not lighter as the kit has it: the contrast stays.
    colorPrimaryHover: "#2049b4",
    colorPrimaryActive: "#1a3c94",
    colorLinkHover: "#2049b4",
    colorErrorHover: "#8f1e18",
    colorSuccess: "#18703f",
    colorWarning: "#8a5300",
    colorError: "#b3261e",
    // Derived from colours this dark, these would be mud.
    colorSuccessBg: "#e3f4ea",
    colorSuccessBorder: "#a9dbbd",
    colorWarningBg: "#fdf1dc",
    colorWarningBorder: "#efd09a",
    colorErrorBg: "#fceae8",
    colorErrorBorder: "#f0bcb7",
    colorInfoBg: "#e8eefc",
    colorInfoBorder: "#b9cbf6",
    colorPrimaryBg: "#e8eefc",
    colorText: "#1b1f29",
    colorTextHeading: "#1b1f29",
    colorTextSecondary: "#424a59",
    colorTextTertiary: "#5b6372",
    colorTextDescription: "#5b6372",
    colorTextPlaceholder: "#6b7280",
    colorBgLayout: "#f5f6f8",
    colorBorder: "#868e9d",
    colorBorderSecondary: "#dde1e8",
  },
  dark: {
    colorPrimary: "#8fb0ff",
    colorInfo: "#8fb0ff",
    colorLink: "#8fb0ff",
    colorSuccess: "#74d49c",
    colorWarning: "#f0bd6a",
    colorError: "#ff9f97",
    colorSuccessBg: "#1b3526",
    colorSuccessBorder: "#2f5b42",
    colorWarningBg: "#3a2d15",
    colorWarningBorder: "#5f4a22",
    colorErrorBg: "#412220",
    colorErrorBorder: "#6b3531",
    colorInfoBg: "#25304d",
    colorInfoBorder: "#3d4f7c",
    colorPrimaryBg: "#25304d",
    colorText: "#e8eaf0",
    colorTextHeading: "#e8eaf0",
    colorTextSecondary: "#c3c9d5",
    colorTextTertiary: "#a3abbb",
    colorTextDescription: "#a3abbb",
    colorTextPlaceholder: "#8d95a5",
    // On colours this light, letters are dark.
    colorTextLightSolid: "#0f1c3d",
    colorBgSpotlight: "#dfe3ec",
    colorBgLayout: "#14161b",
    colorBgContainer: "#1c1f26",
    colorBgElevated: "#242832",
    colorBorder: "#768092",
    colorBorderSecondary: "#313642",
  },
};

const components: Record<"light" | "dark", Components> = {
  light: { Button: { defaultBorderColor: "#c6ccd7" } },
  dark: { Button: { defaultBorderColor: "#4b5364", defaultBg: "#242832" } },
};

/** The one place where looks are decided. */
export function themeOf(name: "light" | "dark", motion: boolean): ThemeConfig {
  return {
    algorithm: name === "dark" ? theme.darkAlgorithm : theme.defaultAlgorithm,
    cssVar: { prefix: "em", key: VARIABLES_CLASS },
    token: { ...shared, ...tokens[name], motion },
    components: {
      ...components[name],
      Button: { primaryShadow: "none", defaultShadow: "none", dangerShadow: "none", ...components[name].Button },
      Tabs: { horizontalMargin: "0 0 20px" },
    },
  };
}
