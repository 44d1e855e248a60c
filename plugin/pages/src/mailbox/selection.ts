/**
 * Which conversations are ticked. Ranges go from the anchor, the last one that was ticked by itself; "all that match" reaches over what
 * is not loaded, and taking one out of it leaves what is loaded without that one.
 */
export interface Selection {
  ids: ReadonlySet<string>;
  /** Everything that the list would show, loaded or not. */
  all: boolean;
  anchor?: string;
}

export const NONE: Selection = { ids: new Set(), all: false };

export function isEmpty(selection: Selection): boolean {
  return !selection.all && selection.ids.size === 0;
}

export function isTicked(selection: Selection, id: string): boolean {
  return selection.all || selection.ids.has(id);
}

/** Ticks or unticks one. */
export function toggle(selection: Selection, id: string, order: readonly string[]): Selection {
  const ids = new Set(selection.all ? order : selection.ids);
  if (!ids.delete(id)) ids.add(id);
  return { ids, all: false, anchor: id };
}

/** Gives everything from the anchor to this one the state that the anchor has. */
export function extend(selection: Selection, id: string, order: readonly string[]): Selection {
  const { anchor } = selection;
  const from = anchor === undefined ? -1 : order.indexOf(anchor);
  const to = order.indexOf(id);
  if (anchor === undefined || from < 0 || to < 0) return toggle(selection, id, order);
  const ids = new Set(selection.all ? order : selection.ids);
  const ticked = ids.has(anchor);
  for (const each of order.slice(Math.min(from, to), Math.max(from, to) + 1)) {
    if (ticked) ids.add(each);
    else ids.delete(each);
  }
  return { ids, all: false, anchor };
}

export function everyLoaded(order: readonly string[]): Selection {
  return { ids: new Set(order), all: false };
}

export function everything(order: readonly string[]): Selection {
  return { ids: new Set(order), all: true };
}

/** Drops what is no longer listed; the same object if nothing is to be dropped, so that nothing is drawn anew. */
export function keep(selection: Selection, order: readonly string[]): Selection {
  if (selection.ids.size === 0) return selection;
  const listed = new Set(order);
  const ids = new Set([...selection.ids].filter((id) => listed.has(id)));
  if (ids.size === selection.ids.size) return selection;
  const anchor = selection.anchor;
  return anchor !== undefined && listed.has(anchor) ? { ids, all: selection.all, anchor } : { ids, all: selection.all };
}
