import { secondsLeft } from './clock.js';
import type { Deliveries } from './deliveries.js';
import { entryInRecord, messageIdInRecord } from './entry.js';
import { type Message, messageInRecord, topicIn } from './message.js';
import type { Publishing } from './publishing.js';
import { retainedInRecord } from './retained-record.js';
import { Session } from './session.js';
import { sessionInRecord } from './session-record.js';
import type { Sessions } from './sessions.js';
import type { BrokerState } from './state.js';
import { ENTRIES, MESSAGES, RETAINED, SESSIONS, TAKEN } from './store/store.js';
import type { Subscribing } from './subscribing.js';
import type { Wills } from './wills.js';

interface Parts {
  readonly state: BrokerState;
  readonly deliveries: Deliveries;
  readonly publishing: Publishing;
  readonly subscribing: Subscribing;
  readonly sessions: Sessions;
  readonly wills: Wills;
}

/** Takes up what the store has. Every session is offline; wills of those that were connected are due. */
export function load(parts: Parts): void {
  const { state, sessions } = parts;
  if (!state.store.isDurable) return;
  const fromMs = state.clock.steadyMs();
  const retained = loadRetained(parts);
  const byKey = loadSessions(parts);
  const damaged = loadEntries(parts, byKey, retained);
  for (const [key] of state.store.entries(TAKEN)) sessions.adoptTaken(byKey, key);
  const { sessionsNow, queuedNow, retainedNow } = state.counts;
  const counts = { sessions: sessionsNow, queued: queuedNow, retained: retainedNow, damaged };
  state.report('info', 'mqtt-sessions-loaded', { ...counts, ms: Math.round(state.clock.steadyMs() - fromMs) });
}

function loadRetained({ state, publishing }: Parts): Map<number, Message> {
  const messages = new Map<number, Message>();
  for (const [key, record] of state.store.entries(RETAINED)) {
    state.seenKey(key);
    const { tenant, qos, message } = retainedInRecord(key, record, state.clock);
    if (message.body) publishing.keepRetained(state.tenant(tenant), topicIn(message.body), message, qos);
    messages.set(key, message);
  }
  return messages;
}

function loadSessions({ state, subscribing, sessions, wills }: Parts): Map<number, Session> {
  const byKey = new Map<number, Session>();
  const nowMs = state.clock.wallMs();
  for (const [key, record] of state.store.entries(SESSIONS)) {
    state.seenKey(key);
    const stored = sessionInRecord(record);
    const tenant = state.tenant(stored.who.tenant);
    const session = new Session(key, tenant, stored);
    const { level, expirySeconds, will } = stored;
    // One that was connected when the process ended has been offline since then, and nobody knows for how long.
    const sinceMs = stored.isConnected ? nowMs : stored.sinceMs;
    Object.assign(session, { level, expirySeconds, sinceMs, will, isDurable: true });
    byKey.set(key, session);
    for (const subscription of stored.subscriptions) subscribing.add(tenant, session, subscription);
    sessions.adopt(tenant, session, secondsLeft(state.clock, sinceMs, expirySeconds));
  }
  for (const session of byKey.values()) {
    const { will } = session;
    if (will) wills.adopt(session, secondsLeft(state.clock, session.sinceMs, will.delaySeconds));
  }
  return byKey;
}

/** Answers how many entries name a message that the store does not have. */
function loadEntries({ state, deliveries }: Parts, byKey: ReadonlyMap<number, Session>, retained: ReadonlyMap<number, Message>): number {
  const messages = new Map<number, Message>();
  for (const [key, record] of state.store.entries(MESSAGES)) {
    state.seenKey(key);
    // A message that is retained and waits for clients is one: its body goes with the last of them.
    messages.set(key, retained.get(key) ?? messageInRecord(key, record, state.clock));
  }
  let damaged = 0;
  const waiting: [Session, ReturnType<typeof entryInRecord>][] = [];
  for (const [key, record] of state.store.entries(ENTRIES)) {
    state.seenKey(key);
    const id = messageIdInRecord(record);
    const entry = entryInRecord(key, record, messages.get(id));
    const session = byKey.get(entry.session);
    if (!session || (id > 0 && !entry.message)) {
      damaged++;
      state.journal.remove(ENTRIES, key);
      continue;
    }
    if (entry.message) entry.message.stored++;
    // Those that were under way come first, whatever their keys: their ids are in use.
    if (entry.packetId > 0) deliveries.adopt(session, entry);
    else waiting.push([session, entry]);
  }
  for (const [session, entry] of waiting) deliveries.adopt(session, entry);
  return damaged;
}
