import type { ConfigProviderProps } from "antd/es/config-provider";
import theme from "antd/es/theme";

type ThemeConfig = NonNullable<ConfigProviderProps["theme"]>;

/** Carries the tokens as `--em-…` variables for `index.css`. The components put it on whatever they open outside of the page, too. */
export const VARIABLES_CLASS = "em";

const shared: NonNullable<ThemeConfig["token"]> = {
  borderRadius: 8,
  controlHeight: 36,
  fontSize: 14,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif',
  wireframe: false,
};

const tokens: Record<"light" | "dark", NonNullable<ThemeConfig["token"]>> = {
  light: {
    colorPrimary: "#2f5bd7",
    colorInfo: "#2f5bd7",
    // 4.5:1 on white, where the component kit's own are lighter.
    colorSuccess: "#1a7f4b",
    colorWarning: "#9a5b00",
    colorError: "#c62f36",
    colorTextTertiary: "rgba(16, 24, 40, 0.62)",
    colorTextDescription: "rgba(16, 24, 40, 0.62)",
    colorTextPlaceholder: "rgba(16, 24, 40, 0.56)",
    colorTextBase: "#101828",
    colorBgLayout: "#f5f6f8",
  },
  dark: {
    colorPrimary: "#7c9cf5",
    colorInfo: "#7c9cf5",
    colorSuccess: "#4cc38a",
    colorWarning: "#e2a336",
    colorError: "#f2777a",
    colorTextTertiary: "rgba(255, 255, 255, 0.62)",
    colorTextDescription: "rgba(255, 255, 255, 0.62)",
    colorTextPlaceholder: "rgba(255, 255, 255, 0.5)",
    colorBgBase: "#14161a",
  },
};

/** The one place where looks are decided. */
export function themeOf(name: "light" | "dark", motion: boolean): ThemeConfig {
  return {
    algorithm: name === "dark" ? theme.darkAlgorithm : theme.defaultAlgorithm,
    cssVar: { prefix: "em", key: VARIABLES_CLASS },
    token: { ...shared, ...tokens[name], motion },
    components: {
      Button: { primaryShadow: "none", defaultShadow: "none", dangerShadow: "none" },
      Tabs: { horizontalMargin: "0 0 20px" },
    },
  };
}
