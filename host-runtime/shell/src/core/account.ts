import { Problem, unwrap, type Locale } from "@plugin-host/client";

import { asking } from "./confirm.ts";
import { api, hangUp, type Schemas } from "./host.ts";
import { currentLocale, nearest, speak } from "./i18n.ts";
import { forgetAll } from "./resource.ts";
import { session, signedIn, signedOut, type Me } from "./session.ts";

/** Chosen on the sign-in page, to be kept with the person who then signs in. */
let chosen: Locale | undefined;

export async function chooseBeforeSignIn(locale: Locale): Promise<void> {
  chosen = locale;
  await speak(locale);
}

/** Finds out who uses this window. */
export async function recognise(): Promise<void> {
  try {
    await welcome(await unwrap(api.GET("/api/me")));
  } catch (reason) {
    if (!(reason instanceof Problem)) throw reason;
    if (reason.status === 401) signedOut("none");
    else session.set({ is: "unreachable", problem: reason });
  }
}

/** Whether somebody is still signed in; asked when the event stream breaks off. */
export async function lookAgain(): Promise<void> {
  // A refusal is noticed by the client itself, and anything else passes by itself.
  await api.GET("/api/me").catch(() => undefined);
}

export async function signIn(email: string, password: string): Promise<void> {
  const me = await unwrap(api.POST("/api/session", { body: { email, password } }));
  if (chosen !== undefined && chosen !== me.locale) {
    const locale = chosen;
    chosen = undefined;
    // The language is not worth failing for.
    await unwrap(api.PATCH("/api/me", { body: { locale } })).then(welcome, () => welcome(me));
  } else {
    await welcome(me);
  }
}

export async function signOut(): Promise<void> {
  try {
    await unwrap(api.DELETE("/api/session"));
  } catch (reason) {
    // Signed out already. Any other failure must be seen: the session would live on.
    if (!(reason instanceof Problem) || reason.status !== 401) throw reason;
  }
  forget();
  signedOut("left");
}

/** Nothing of one person is shown to the next. */
export function forget(): void {
  asking.get()?.(false);
  hangUp();
  forgetAll();
}

export async function changeMe(change: Schemas["MeChange"]): Promise<void> {
  await welcome(await unwrap(api.PATCH("/api/me", { body: change })));
}

export async function confirmPassword(password: string): Promise<void> {
  signedIn(await unwrap(api.POST("/api/session/confirm", { body: { password } })));
}

async function welcome(me: Me): Promise<void> {
  const locale = nearest(me.locale);
  if (locale !== undefined && locale !== currentLocale()) await speak(locale);
  signedIn(me);
}
