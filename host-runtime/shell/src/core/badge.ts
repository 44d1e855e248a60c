import { useEffect, useState } from "react";

import { events } from "./host.ts";
import { countIn, type Badge } from "./pages.ts";

/** Many messages that come at once make one question. */
const SETTLE = 400;

/** How much waits behind an entry; nothing while that is not known. */
export function useBadge(badge: Badge | undefined): number | undefined {
  const [count, setCount] = useState<number>();
  const key = JSON.stringify(badge);
  useEffect(() => {
    if (badge === undefined) return;
    let timer: number | undefined;
    const gone = new AbortController();
    const ask = () => {
      fetch(badge.get, { headers: { accept: "application/json" }, signal: gone.signal })
        .then(async (response) => setCount(response.ok ? countIn(await response.json(), badge.value) : undefined))
        // A number that is not known is not worth a word.
        .catch(() => undefined);
    };
    const soon = () => {
      window.clearTimeout(timer);
      timer = window.setTimeout(ask, SETTLE);
    };
    ask();
    const leave = badge.events.map((topic) => events().on(topic, soon));
    return () => {
      gone.abort();
      window.clearTimeout(timer);
      leave.forEach((stop) => stop());
    };
    // By content: the object is another one after each reading of the menu.
  }, [key]);
  return count;
}
