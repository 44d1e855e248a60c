import { hue, initials } from "./people.ts";
import type { Address } from "./types.ts";

/** A person's letters on a colour of their own; says nothing that the name beside it does not. */
export function Avatar({ address, size = 36 }: { address: Address | undefined; size?: number }) {
  return (
    <span className="mail-avatar" aria-hidden style={{ width: size, height: size, fontSize: size * 0.38, ["--mail-hue" as string]: hue(address) }}>
      {initials(address)}
    </span>
  );
}
