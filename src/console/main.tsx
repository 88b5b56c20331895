import { batch, signal } from '@preact/signals';
import { type ComponentType, render } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Context } from './data/context.js';
import { nameOf } from './data/navigation.js';
import { parseRoute, type Route } from './data/route.js';
import { context, signIn, signInFromAddress, signOut, signOutReason, tick } from './data/signed-in.js';
import { FleetPage } from './pages/fleet-page.js';
import { MissingPage } from './pages/missing-page.js';
import { SignInPage } from './pages/sign-in-page.js';
import { StatusBar } from './parts/status-bar.js';
import { PageFile, usePage } from './parts/use-page.js';

const tickMs = 1000;

type PageOf<Name extends Route['page']> = ComponentType<{ context: Context; route: Extract<Route, { page: Name }> }>;
type AnyPage = ComponentType<{ context: Context; route: Route }>;

/** Most people see the fleet first; each other page is a file of its own. */
const pages: { readonly [Name in Exclude<Route['page'], 'fleet'>]: () => Promise<PageOf<Name>> } = {
  device: async () => (await import('./pages/device-page.js')).DevicePage,
  'dead-letters': async () => (await import('./pages/dead-letters-page.js')).DeadLettersPage,
  debug: async () => (await import('./pages/debug-page.js')).DebugPage,
  'topic-rules': async () => (await import('./pages/topic-rules-page.js')).TopicRulesPage,
  access: async () => (await import('./pages/access-page.js')).AccessPage,
  schemas: async () => (await import('./pages/schemas-page.js')).SchemasPage,
  codecs: async () => (await import('./pages/codecs-page.js')).CodecsPage,
  packs: async () => (await import('./pages/packs-page.js')).PacksPage,
  'shadow-runs': async () => (await import('./pages/shadow-runs-page.js')).ShadowRunsPage,
  groups: async () => (await import('./pages/groups-page.js')).GroupsPage,
  import: async () => (await import('./pages/import-page.js')).ImportPage,
  sessions: async () => (await import('./pages/sessions-page.js')).SessionsPage,
  messages: async () => (await import('./pages/messages-page.js')).MessagesPage,
  keys: async () => (await import('./pages/keys-page.js')).KeysPage,
  audit: async () => (await import('./pages/audit-page.js')).AuditPage,
  alerts: async () => (await import('./pages/alerts-page.js')).AlertsPage,
};
const files = new Map(Object.entries(pages).map(([name, load]) => [name, new PageFile(load as () => Promise<AnyPage>)]));
files.set('fleet', PageFile.of(FleetPage as AnyPage));

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
  const Page = usePage(files.get(route.page)!, context.live);
  useEffect(() => {
    document.title = `${titleOf(route)} · Spillway`;
    window.scrollTo(0, 0);
  }, []);
  useEffect(() => document.querySelector('h1')?.focus({ preventScroll: true }), [Page]);
  if (Page === undefined || Page === 'missing') return <MissingPage title={titleOf(route)} isFetching={Page === undefined} />;
  return <Page context={context} route={route} />;
}

function titleOf(route: Route): string {
  if (route.page === 'debug') return route.device === undefined ? 'Refused clients' : `Debug ${route.device}`;
  return route.page === 'device' ? route.device : nameOf(route.page);
}

window.addEventListener('hashchange', followAddress);
window.addEventListener('online', () => context.peek()?.live.retryNow());
document.addEventListener('visibilitychange', tick);
setInterval(tick, tickMs);
followAddress();
render(<App />, document.getElementById('app')!);
