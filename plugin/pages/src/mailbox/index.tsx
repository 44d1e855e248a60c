interface Props {
  /** What follows `/mail/` in the address. */
  rest: string[];
}

export default function Mailbox({ rest }: Props) {
  return <div className="em-page">{rest.join("/")}</div>;
}
