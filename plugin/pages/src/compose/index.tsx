/** The windows in which messages are written, at the foot of the page or on a page of their own. */
import "./compose.css";
import { Suspense, lazy, useEffect, useRef } from "react";
import { usePage } from "../app/context.tsx";
import { useMedia } from "../app/useReducedMotion.ts";
import { address, noFilter, type Place } from "../mailbox/place.ts";
import { watchClock } from "./clock.ts";
import { useCompose, useWindows } from "./store.ts";
import { useOutboxNews } from "./useOutboxNews.ts";

const ComposeWindow = lazy(() => import("./ComposeWindow.tsx"));
const WindowBar = lazy(() => import("./WindowBar.tsx"));

/** Width of a window and its gap. */
const WINDOW = 600;

export function ComposeHost({ place }: { place: Place }) {
  const { api, navigate } = usePage();
  const windows = useWindows();
  const compose = useCompose();
  const narrow = useMedia("(max-width: 767px)");
  const two = useMedia(`(min-width: ${2 * WINDOW + 320}px)`);
  useEffect(() => watchClock(api), [api]);
  useOutboxNews();
  const full = place.view.kind === "compose" ? place.view.key : undefined;
  // The newest are open as far as they fit beside each other.
  const open = windows.filter((window) => !window.minimised && window.key !== full).slice(narrow ? -1 : two ? -2 : -1);
  // Where one was before the page of its own.
  const before = useRef<Place>({ view: { kind: "role", role: "inbox" }, filter: noFilter() });
  if (full === undefined) before.current = place;
  const leave = () => navigate(address(before.current), { replace: true });
  const shrink = (key: string) => {
    compose.minimise(key, false);
    leave();
  };
  const known = full === undefined || windows.some((window) => window.key === full);
  useEffect(() => {
    // The address of a window that is not there (any more).
    if (!known) leave();
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [known]);
  if (windows.length === 0) return null;
  return (
    <div className="compose-host" data-full={full !== undefined || undefined} data-narrow={narrow || undefined}>
      <Suspense>
        {windows.map((window) => {
          const isFull = window.key === full;
          const isOpen = isFull || open.some((each) => each.key === window.key);
          // All stay mounted: what is written in a minimised one must not be lost, nor its upload stop.
          return (
            <div key={window.key} className="compose-slot" data-state={isFull ? "full" : isOpen ? "open" : "bar"}>
              {isOpen ? null : <WindowBar window={window} onOpen={() => compose.minimise(window.key, false)} />}
              <ComposeWindow
                window={window}
                shown={isOpen}
                full={isFull || narrow}
                onFull={isFull ? () => shrink(window.key) : narrow ? undefined : () => navigate(address({ view: { kind: "compose", key: window.key }, filter: noFilter() }))}
                onMinimise={() => {
                  compose.minimise(window.key, true);
                  if (isFull) leave();
                }}
              />
            </div>
          );
        })}
      </Suspense>
    </div>
  );
}
