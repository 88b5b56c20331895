import { signal } from '@preact/signals';
import { Api } from './api.js';
import { nowMs } from './clock.js';
import type { Context } from './context.js';
import { Live } from './live.js';
import { forgetKey, keepKey, readKey, takeKeyFromAddress } from './session.js';
import { Status } from './status.js';

/** The context of the key in use; undefined while nobody is signed in. */
export const context = signal<Context | undefined>(undefined);
/** Why nobody is signed in, when it was not their own wish. */
export const signOutReason = signal('');

let stop = () => {};

export function signIn(key: string): void {
  stop();
  keepKey(key);
  const refused = () => signOut('This key is not the admin key of this Spillway, or is no longer.');
  const api = new Api(key, refused);
  const live = new Live(key);
  const status = new Status(api);
  const unsubscribe = live.state.subscribe((state) => {
    status.expire();
    if (state === 'refused') refused();
  });
  stop = () => {
    unsubscribe();
    live.close();
  };
  context.value = { api, live, status };
  tick();
}

export function signOut(reason: string): void {
  stop();
  stop = () => {};
  forgetKey();
  signOutReason.value = reason;
  context.value = undefined;
}

/** A sign-in link opened in a tab that is signed in takes over; so does a key kept from before. */
export function signInFromAddress(): void {
  if (takeKeyFromAddress() || !context.peek()) {
    const key = readKey();
    if (key) signIn(key);
  }
}

/** The one clock of the page. A hidden page keeps its connection and its points and asks for nothing. */
export function tick(): void {
  const ms = Date.now();
  const signed = context.peek();
  signed?.live.tick(ms);
  if (document.hidden) return;
  signed?.status.tick(ms);
  nowMs.value = ms;
}
