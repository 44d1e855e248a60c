import type { Account } from "./types.ts";

/** Hues that are told apart also by those who see fewer colours, by their lightness. */
const COLORS = ["#3b6fe0", "#e08a1e", "#1f9d76", "#b255c9", "#c9433f", "#5c6b7a"];

/** A colour for each account, where there are several to tell apart. */
export function accountColors(accounts: readonly Account[]): ReadonlyMap<string, string> {
  if (accounts.length < 2) return new Map();
  return new Map(accounts.map((account, index) => [account.id, COLORS[index % COLORS.length] ?? "#5c6b7a"]));
}
