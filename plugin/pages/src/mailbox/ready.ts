/** Which conversations are kept ready, so that going back to one shows it as it was. */

export interface Ready {
  /** In an order that stays: a frame that is moved within its document loads anew. */
  places: readonly string[];
  /** The last one first. */
  used: readonly string[];
}

export const NONE_READY: Ready = { places: [], used: [] };

/** Once this one is open; beyond `most`, it takes the place of the one that was open longest ago. */
export function opened({ places, used }: Ready, id: string, most: number): Ready {
  const all = [id, ...used.filter((each) => each !== id)];
  const kept = all.slice(0, most);
  if (places.includes(id)) return { places, used: kept };
  const [gone] = all.slice(most);
  return { places: gone === undefined ? [...places, id] : places.map((each) => (each === gone ? id : each)), used: kept };
}
