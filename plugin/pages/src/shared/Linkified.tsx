import { Fragment } from "react";

/** Up to where a sentence goes on: its full stop is no part of the address. */
const address = /(https?:\/\/[^\s<>"）。，]+[^\s<>"）。，.,;:!?)])/;

/** A sentence of the host or the plugin, with the addresses in it as links. */
export function Linkified({ text }: { text: string }) {
  return text.split(address).map((part, at) =>
    at % 2 === 1 ? (
      <a key={at} className="em-address" href={part} target="_blank" rel="noreferrer">
        {part}
      </a>
    ) : (
      <Fragment key={at}>{part}</Fragment>
    ),
  );
}
