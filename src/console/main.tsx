import { batch, signal } from '@preact/signals';
import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Context } from './data/context.js';
import { parseRoute, type Route } from './data/route.js';
import { context, signIn, signInFromAddress, signOut, signOutReason, tick } from './data/signed-in.js';
import { AlertsPage } from './pages/alerts-page.js';
import { DeadLettersPage } from './pages/dead-letters-page.js';
import { DevicePage } from './pages/device-page.js';
import { FleetPage } from './pages/fleet-page.js';
import { SignInPage } from './pages/sign-in-page.js';
import { StatusBar, sections } from './parts/status-bar.js';

const tickMs = 1000;

/** The address that a person went to. What a page writes into the address itself opens no page anew. */
const visit = signal({ fragment: '', count: 0 });

function followAddress(): void {
  batch(() => {
    signInFromAddress();
    visit.value = { fragment: location.hash, count: visit.peek().count + 1 };
  });
}

function App() {
  const signed = context.value;
  if (!signed) return <SignIn />;
  const route = parseRoute(visit.value.fragment);
  return (
    <>
      <StatusBar context={signed} route={route} onSignOut={() => signOut('')} />
      <Visit key={visit.value.count} context={signed} route={route} />
    </>
  );
}

function SignIn() {
  useEffect(() => {
    document.title = 'Sign in · Spillway';
  }, []);
  return <SignInPage reason={signOutReason.value} onKey={signIn} />;
}

function Visit({ context, route }: { context: Context; route: Route }) {
  useEffect(() => {
    document.title = `${titleOf(route)} · Spillway`;
    window.scrollTo(0, 0);
    document.querySelector('h1')?.focus({ preventScroll: true });
  }, []);
  if (route.page === 'device') return <DevicePage context={context} route={route} />;
  if (route.page === 'dead-letters') return <DeadLettersPage context={context} route={route} />;
  return route.page === 'alerts' ? <AlertsPage context={context} /> : <FleetPage context={context} tenant={route.tenant} />;
}

function titleOf(route: Route): string {
  return route.page === 'device' ? route.device : sections[route.page];
}

window.addEventListener('hashchange', followAddress);
window.addEventListener('online', () => context.peek()?.live.retryNow());
document.addEventListener('visibilitychange', tick);
setInterval(tick, tickMs);
followAddress();
render(<App />, document.getElementById('app')!);
