import FullscreenExitOutlined from "@ant-design/icons/es/icons/FullscreenExitOutlined";
import FullscreenOutlined from "@ant-design/icons/es/icons/FullscreenOutlined";

export { default as MinimiseIcon } from "@ant-design/icons/es/icons/MinusOutlined";

export function FullIcon({ full }: { full: boolean }) {
  return full ? <FullscreenExitOutlined /> : <FullscreenOutlined />;
}
