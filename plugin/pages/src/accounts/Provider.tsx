import CloudOutlined from "@ant-design/icons/es/icons/CloudOutlined";
import GoogleOutlined from "@ant-design/icons/es/icons/GoogleOutlined";
import WindowsFilled from "@ant-design/icons/es/icons/WindowsFilled";

/** As the plugin names them, and as people know them. */
export const providers = [
  { id: "google", name: "Gmail", company: "Google" },
  { id: "microsoft", name: "Outlook", company: "Microsoft" },
] as const;

export function companyOf(id: string): string {
  return providers.find((provider) => provider.id === id)?.company ?? id;
}

export function ProviderIcon({ id, large = false }: { id: string; large?: boolean }) {
  const icon = id === "google" ? <GoogleOutlined /> : id === "microsoft" ? <WindowsFilled /> : <CloudOutlined />;
  return (
    <span className={large ? "em-provider em-provider-large" : "em-provider"} data-provider={id} aria-hidden>
      {icon}
    </span>
  );
}
