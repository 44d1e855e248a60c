/** The mailbox: folders, list and conversation, and what is being written. */
import "./mailbox.css";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { usePage } from "../app/context.tsx";
import { ComposeHost } from "../compose/index.tsx";
import { CommandProvider } from "./commands.tsx";
import { MailboxPage } from "./MailboxPage.tsx";
import { NoticeBar } from "./NoticeBar.tsx";
import { address, noFilter, parsePlace, type Place } from "./place.ts";
import { follow } from "./refresh.ts";
import { SessionProvider } from "./session.tsx";

const INBOX: Place = { view: { kind: "role", role: "inbox" }, filter: noFilter() };

interface Props {
  /** What follows `/mail/` in the address; read from the address itself. */
  rest: string[];
}

export default function Mailbox(_: Props) {
  const { api, events, location, navigate } = usePage();
  const client = useQueryClient();
  useEffect(() => follow(events, client, api), [events, client, api]);
  const place = useMemo(() => parsePlace(location.pathname, location.search), [location.pathname, location.search]);
  const unnamed = place === undefined || /^\/mail\/?$/.test(location.pathname);
  useEffect(() => {
    if (unnamed) navigate(address(place ?? INBOX), { replace: true });
    // The function is a new one with each change of the context.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [unnamed, place]);
  return (
    <SessionProvider>
      <CommandProvider>
        <div className="mail">
          <MailboxPage place={place ?? INBOX} />
          <ComposeHost place={place ?? INBOX} />
          <NoticeBar />
        </div>
      </CommandProvider>
    </SessionProvider>
  );
}
