import { Api } from './api.js';
import { DeadLettersPage } from './dead-letters-page.js';
import { DevicePage } from './device-page.js';
import { FleetPage } from './fleet-page.js';
import { Live } from './live.js';
import type { Context, Page } from './page.js';
import { parseRoute, type Route } from './route.js';
import { forgetKey, keepKey, readKey, takeKeyFromAddress } from './session.js';
import { SignInPage } from './sign-in-page.js';
import { Status } from './status.js';
import { StatusBar } from './status-bar.js';

interface Signed {
  readonly context: Context;
  readonly bar: StatusBar;
}

let signed: Signed | undefined;
let page: Page | undefined;

function openPage(route: Route, context: Context): Page {
  if (route.page === 'device') return new DevicePage(context, route);
  return route.page === 'dead-letters' ? new DeadLettersPage(context) : new FleetPage(context, route.tenant);
}

function show(next: Page, ...above: HTMLElement[]): void {
  page = next;
  document.title = next.title === 'Spillway' ? next.title : `${next.title} · Spillway`;
  document.body.replaceChildren(...above, next.root);
  window.scrollTo(0, 0);
}

function followAddress(): void {
  // A sign-in link opened in a tab that is signed in takes over.
  if (takeKeyFromAddress()) {
    signIn(readKey()!);
    return;
  }
  if (!signed) return;
  const route = parseRoute(location.hash);
  page?.close();
  signed.bar.show(route);
  show(openPage(route, signed.context), signed.bar.root);
  page?.root.querySelector('h1')?.focus({ preventScroll: true });
}

function signIn(key: string): void {
  close();
  keepKey(key);
  const refused = () => signOut('This key is not the admin key of this Spillway, or is no longer.');
  const api = new Api(key, refused);
  const live = new Live(key);
  const context = { api, live, status: new Status(api) };
  live.onState((state) => {
    context.status.expire();
    if (state === 'refused') refused();
  });
  signed = { context, bar: new StatusBar(context, () => signOut('')) };
  followAddress();
  tick();
}

function signOut(reason: string): void {
  close();
  forgetKey();
  const next = new SignInPage(reason, signIn);
  show(next);
  next.focus();
}

function close(): void {
  page?.close();
  signed?.context.live.close();
  signed?.bar.close();
  page = undefined;
  signed = undefined;
}

/** The one clock of the page. A hidden page keeps its connection and its points and asks for nothing. */
function tick(): void {
  const nowMs = Date.now();
  signed?.context.live.tick(nowMs);
  if (document.hidden) return;
  signed?.context.status.tick(nowMs);
  signed?.bar.tick(nowMs);
  page?.tick(nowMs);
}

window.addEventListener('hashchange', followAddress);
window.addEventListener('online', () => signed?.context.live.retryNow());
document.addEventListener('visibilitychange', tick);
setInterval(tick, 1000);

takeKeyFromAddress();
const key = readKey();
if (key) signIn(key);
else signOut('');
