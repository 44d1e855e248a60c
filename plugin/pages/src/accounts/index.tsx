/** Linked mailboxes: all of them, one of them, and where linking ends. */
import { AccountPage } from "./AccountPage.tsx";
import { AccountList } from "./AccountList.tsx";
import { Arrival } from "./Arrival.tsx";
import "./accounts.css";

interface Props {
  /** Of the account that is shown; all of them if there is none. */
  id?: string | undefined;
  /** Coming from the provider. */
  linked?: boolean;
}

export default function Accounts({ id, linked = false }: Props) {
  if (id === undefined || id === "") return <AccountList />;
  return linked ? <Arrival key={id} id={id} /> : <AccountPage key={id} id={id} />;
}
