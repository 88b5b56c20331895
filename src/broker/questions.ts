import { CODE_SESSION_DROPPED } from '../../assembly/abi/codes.js';
import type { RetainedEntry, SessionSummary, SessionView } from '../contract/broker/session-views.js';
import type { BrokerAnswer, BrokerQuestion } from '../contract/threads/broker.js';
import { bodyOf, expiryProperty, payloadIn } from './message.js';
import type { Publishing } from './publishing.js';
import type { RetainedMessage } from './retained.js';
import type { Session } from './session.js';
import type { Sessions } from './sessions.js';
import { smallest } from './smallest.js';
import type { BrokerState } from './state.js';

const PAYLOAD_START_BYTES = 1024;
const NO_PROPERTIES = new Uint8Array(0);
/** Between tenant and key in a cursor; neither has it. */
const SEPARATOR = '\n';

/** Answers of the broker to the main thread. */
export class Questions {
  readonly #state: BrokerState;
  readonly #sessions: Sessions;
  readonly #publishing: Publishing;

  constructor(state: BrokerState, sessions: Sessions, publishing: Publishing) {
    this.#state = state;
    this.#sessions = sessions;
    this.#publishing = publishing;
  }

  answer(question: BrokerQuestion): BrokerAnswer {
    switch (question.kind) {
      case 'sessions':
        return this.#list(question);
      case 'session': {
        const session = this.#state.tenants.get(question.tenant)?.sessions.get(question.key);
        return { kind: 'session', session: session && view(session) };
      }
      case 'drop-session': {
        const tenant = this.#state.tenants.get(question.tenant);
        this.#state.journal.need();
        return { kind: 'dropped', found: tenant !== undefined && this.#sessions.drop(tenant, question.key, CODE_SESSION_DROPPED) };
      }
      case 'retained':
        return this.#listRetained(question);
      case 'drop-retained': {
        const tenant = this.#state.tenants.get(question.tenant);
        this.#state.journal.need();
        this.#state.exchange?.dropRetained(question.tenant, question.topic);
        return { kind: 'dropped', found: tenant !== undefined && this.#publishing.dropRetained(tenant, question.topic) };
      }
      case 'publish':
        return this.#publish(question);
    }
  }

  #list({ tenant, client = '', after, limit }: Extract<BrokerQuestion, { kind: 'sessions' }>): BrokerAnswer {
    const tenants = [...this.#state.tenants.values()].filter(({ name }) => tenant === undefined || name === tenant);
    const sessions = smallest(sessionsOf(tenants, client), cursorOf, after, limit);
    const last = sessions.length === limit ? sessions.at(-1) : undefined;
    return { kind: 'sessions', sessions: sessions.map(summary), next: last && cursorOf(last) };
  }

  #listRetained({ tenant, filter, after, limit }: Extract<BrokerQuestion, { kind: 'retained' }>): BrokerAnswer {
    const found = this.#state.tenants.get(tenant)?.retained.find(filter) ?? [];
    const nowMs = this.#state.clock.steadyMs();
    const alive = found.filter(({ message }) => message.deadlineMs > nowMs);
    const page = smallest(alive, ({ topic }) => topic, after, limit);
    return { kind: 'retained', entries: page.map(retainedEntry), next: page.length === limit ? page.at(-1)?.topic : undefined };
  }

  #publish({ tenant, topic, payload, qos, retain, expirySeconds }: Extract<BrokerQuestion, { kind: 'publish' }>): BrokerAnswer {
    const properties = expirySeconds === undefined ? NO_PROPERTIES : expiryProperty(expirySeconds);
    const body = bodyOf(topic, properties, payload);
    return { kind: 'published', clients: this.#publishing.publish(this.#state.tenant(tenant), topic, body, qos, retain) };
  }
}

function* sessionsOf(tenants: Iterable<{ readonly sessions: ReadonlyMap<string, Session> }>, client: string): Generator<Session> {
  for (const { sessions } of tenants) for (const session of sessions.values()) if (session.label.includes(client)) yield session;
}

function cursorOf(session: Session): string {
  return `${session.tenant.name}${SEPARATOR}${session.key}`;
}

function summary(session: Session): SessionSummary {
  const { key, label, isConnected, level, expirySeconds, sinceMs, queuedBytes, dropped } = session;
  const [queued, inFlight] = [session.queue?.length ?? 0, session.inFlight?.size ?? 0];
  const counts = { subscriptions: session.subscriptions?.size ?? 0, queued, queuedBytes, inFlight, dropped };
  return { tenant: session.tenant.name, key, label, isConnected, level, expirySeconds, sinceMs, ...counts };
}

function view(session: Session): SessionView {
  const filters = [...(session.subscriptions?.values() ?? [])].map(({ filter, qos }) => ({ filter, qos }));
  return { ...summary(session), filters, hasWill: session.will !== undefined };
}

function retainedEntry({ topic, message, qos }: RetainedMessage): RetainedEntry {
  const payload = message.body ? payloadIn(message.body) : Buffer.alloc(0);
  const payloadStart = payload.subarray(0, PAYLOAD_START_BYTES).toString('base64');
  return { topic, bytes: payload.length, qos, payloadStart, atMs: message.atMs };
}
