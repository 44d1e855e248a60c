import { Problem } from "@plugin-host/client";

import { createStore } from "./store.ts";

/** Somebody waits for the password to be entered again; the dialog answers. */
export const asking = createStore<((confirmed: boolean) => void) | undefined>(undefined);

let asked: Promise<boolean> | undefined;

/** Asks for the password again. Two that ask at once share one dialog. */
export function confirm(): Promise<boolean> {
  asked ??= new Promise<boolean>((resolve) => {
    asking.set((confirmed) => {
      asking.set(undefined);
      asked = undefined;
      resolve(confirmed);
    });
  });
  return asked;
}

/** The person would not enter the password: nothing was done, and nothing is to be said about it. */
export class Declined extends Error {
  override readonly name = "Declined";
}

/** Does what needs a password entered a moment ago: asks for it where the host says so, then does the same again. */
export async function administer<R>(act: () => Promise<R>): Promise<R> {
  try {
    return await act();
  } catch (reason) {
    if (!(reason instanceof Problem) || reason.document?.action !== "confirm-password") throw reason;
    if (!(await confirm())) throw new Declined();
    return act();
  }
}
