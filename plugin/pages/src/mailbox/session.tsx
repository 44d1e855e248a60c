/** What lives as long as the mailbox is open: actions under way and what is told about them. */
import { createContext, useContext, useState, type ReactNode } from "react";
import { Notices } from "./notices.ts";
import { Overlay } from "./overlay.ts";

interface Session {
  overlay: Overlay;
  notices: Notices;
}

const Context = createContext<Session | undefined>(undefined);

export function SessionProvider({ children }: { children: ReactNode }) {
  const [session] = useState<Session>(() => ({ overlay: new Overlay(), notices: new Notices() }));
  return <Context.Provider value={session}>{children}</Context.Provider>;
}

function useSession(): Session {
  const session = useContext(Context);
  if (session === undefined) throw new Error("outside of the mailbox");
  return session;
}

export const useOverlay = (): Overlay => useSession().overlay;
export const useNotices = (): Notices => useSession().notices;
