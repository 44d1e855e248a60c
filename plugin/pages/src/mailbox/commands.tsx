/** Who answers to which shortcut right now: the part of the page that was drawn last and can do it. */
import { createContext, useContext, useEffect, useRef, useState, type ReactNode } from "react";
import { Keys, isTyping, type Command, type Press } from "./keys.ts";

type Handler = () => void;

class Bus {
  private readonly handlers = new Map<Command, Handler[]>();
  private readonly keys = new Keys();

  on(command: Command, handler: Handler): () => void {
    const list = this.handlers.get(command) ?? [];
    this.handlers.set(command, [...list, handler]);
    return () => this.handlers.set(command, (this.handlers.get(command) ?? []).filter((each) => each !== handler));
  }

  /** Whether the key was taken. */
  press(press: Press): boolean {
    const command = this.keys.press(press);
    if (command === undefined) return false;
    if (command === "begun") return true;
    const handler = this.handlers.get(command)?.at(-1);
    handler?.();
    return handler !== undefined;
  }
}

const Context = createContext<Bus | undefined>(undefined);

export function CommandProvider({ children }: { children: ReactNode }) {
  const [bus] = useState(() => new Bus());
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || isTyping(event.target)) return;
      // Enter and space press the button that has the focus.
      if (event.key === "Enter" && event.target instanceof Element && event.target.closest("button, a, summary, [role=button]") !== null) return;
      const { key, code, shiftKey: shift, ctrlKey: ctrl, metaKey: meta, altKey: alt } = event;
      if (bus.press({ key, code, shift, ctrl, meta, alt, at: event.timeStamp })) event.preventDefault();
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, [bus]);
  return <Context.Provider value={bus}>{children}</Context.Provider>;
}

/** Answers to a shortcut while this is shown; without a handler, it does not. */
export function useCommand(command: Command, handler: Handler | undefined): void {
  const bus = useContext(Context);
  const current = useRef(handler);
  current.current = handler;
  const able = handler !== undefined;
  useEffect(() => (bus === undefined || !able ? undefined : bus.on(command, () => current.current?.())), [bus, command, able]);
}

/** Hands on a key that was pressed elsewhere, inside the frame of a message. */
export function useKeySink(): (press: Press) => boolean {
  const bus = useContext(Context);
  return (press) => bus?.press(press) ?? false;
}
