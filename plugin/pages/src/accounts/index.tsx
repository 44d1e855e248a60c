interface Props {
  /** Of the account that is shown; all of them if there is none. */
  id?: string | undefined;
  /** Coming from the provider. */
  linked?: boolean;
}

export default function Accounts({ id }: Props) {
  return <div className="em-page">{id}</div>;
}
