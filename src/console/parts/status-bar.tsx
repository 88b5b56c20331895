import { untracked, useComputed, useSignalEffect } from '@preact/signals';
import { useState } from 'preact/hooks';
import type { Lag } from '../data/answer.js';
import { nowMs } from '../data/clock.js';
import type { Context } from '../data/context.js';
import { formatBytes, formatCount, formatRate, formatSpan } from '../data/format.js';
import { RateHistory } from '../data/rate-history.js';
import type { Route } from '../data/route.js';
import type { Health } from '../data/status.js';
import { theme, turnTheme } from '../data/theme.js';
import { AreaPages, Areas } from './navigation.js';
import { Sparkline } from './sparkline.js';

/** A rate older than this no longer says how things are. */
const ratesMsMax = 3000;

/** The top of every page: where to go, what flows in, how far behind the store is, and whether this page is up to date at all. */
export function StatusBar({ context, route, onSignOut }: { context: Context; route: Route; onSignOut: () => void }) {
  return (
    <header class="bar" data-live={context.live.state}>
      <div class="bar-row">
        <a class="brand" href="#/devices">
          <img src="/favicon.svg" alt="" width={20} height={20} />
          Spillway
        </a>
        <Areas context={context} route={route} />
        <Flow context={context} />
        <Ready health={context.status.health.value} />
        <ThemeButton />
        <button type="button" class="quiet" onClick={onSignOut}>
          Sign out
        </button>
      </div>
      <AreaPages route={route} />
      <Away context={context} />
    </header>
  );
}

function ThemeButton() {
  const next = theme.value === 'dark' ? 'light' : 'dark';
  return (
    <button type="button" class="quiet" aria-label={`Turn ${next}`} title={`Turn ${next}`} onClick={turnTheme}>
      {next === 'dark' ? '☾' : '☀'}
    </button>
  );
}

function Flow({ context: { live, status } }: { context: Context }) {
  const [history] = useState(() => new RateHistory());
  useSignalEffect(() => {
    const rates = live.rates.value;
    if (rates) untracked(() => history.push(rates.messages_per_second));
  });
  const rates = useComputed(() => {
    const last = live.rates.value;
    return last && nowMs.value - last.receivedMs <= ratesMsMax ? last : undefined;
  });
  useSignalEffect(() => {
    nowMs.value;
    if (!rates.value) untracked(() => history.push(Number.NaN));
  });
  const { lag } = status.health.value;
  const about = 'How far the database is behind what is durable in the log';
  return (
    <div class="stats">
      <div class="flow">
        <Sparkline history={history} />
        <Stat name="messages" label="Messages/s" about="Messages accepted per second, from all protocols">
          {formatRate(rates.value?.messages_per_second)}
        </Stat>
        <Stat name="readings" label="Readings/s" about="Readings decoded per second">
          {formatRate(rates.value?.readings_per_second)}
        </Stat>
      </div>
      <Stat name="connections" label="Connections" about="Open device connections">
        {formatCount(rates.value?.connections)}
      </Stat>
      <Stat name="lag" label="Lag" about={lag ? `${about}: ${lagText(lag)}` : about}>
        {formatSpan(lag?.lag_ms)}
      </Stat>
    </div>
  );
}

function Stat({ name, label, about, children }: { name: string; label: string; about: string; children: string }) {
  return (
    <div class="stat" title={about}>
      <span class="stat-value" data-stat={name}>
        {children}
      </span>
      <span class="stat-label">{label}</span>
    </div>
  );
}

const stateTexts: Readonly<Record<Health['state'], string>> = {
  unknown: 'Checking',
  ready: 'Ready',
  'not ready': 'Not ready',
  away: 'Unreachable',
};

function Ready({ health: { state, reason } }: { health: Health }) {
  return (
    <span class="state" role="status" data-state={state} title={reason}>
      {stateTexts[state]}
    </span>
  );
}

function Away({ context: { live, status } }: { context: Context }) {
  const lost = live.lost.value;
  const { state, reason } = status.health.value;
  return (
    <div class="away" data-kind={lost ? 'lost' : 'not-ready'} hidden={!lost && state !== 'not ready'}>
      <span role="status">{lost ? 'Connection lost: what you see is not up to date.' : `Spillway is not ready: ${reason}.`}</span>
      {/* Apart from the text, or a screen reader would read the whole line each second. */}
      <span aria-hidden="true">{lost && <Retry context={{ live }} />}</span>
      <button type="button" hidden={!lost} onClick={() => live.retryNow()}>
        Try now
      </button>
    </div>
  );
}

function Retry({ context: { live } }: { context: Pick<Context, 'live'> }) {
  const seconds = Math.max(1, Math.ceil((live.retryAtMs.value - nowMs.value) / 1000));
  return <>{live.state.value === 'waiting' ? `Trying again in ${seconds} s.` : 'Trying now …'}</>;
}

function lagText(lag: Lag): string {
  return `${formatSpan(lag.lag_ms)}, ${formatBytes(lag.lag_bytes)}${catchUp(lag)}`;
}

/** Nothing while the store keeps up. */
function catchUp({ catch_up_seconds: seconds, committed_messages_per_second: rate }: Lag): string {
  if (seconds === 0) return '';
  const committed = `${formatRate(rate)} messages/s are stored`;
  return seconds === null ? `; ${committed}, and it grows` : `; ${committed}, caught up in ${formatSpan(seconds * 1000)}`;
}
