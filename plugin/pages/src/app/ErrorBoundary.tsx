import { Component, type ReactNode } from "react";
import { Failure } from "../shared/states.tsx";

interface Props {
  /** Another address is another try. */
  at: string;
  children: ReactNode;
}

/** Catches what a page throws, and chunks that are gone because the plugin was upgraded meanwhile. */
export class ErrorBoundary extends Component<Props, { error: unknown; at: string }> {
  override state = { error: undefined as unknown, at: this.props.at };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  static getDerivedStateFromProps(props: Props, state: { at: string }) {
    return props.at === state.at ? null : { error: undefined, at: props.at };
  }

  override render(): ReactNode {
    if (this.state.error === undefined) return this.props.children;
    return <Failure page error={this.state.error} onRetry={() => window.location.reload()} />;
  }
}
