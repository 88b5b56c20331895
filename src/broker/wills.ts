import { Deadlines } from './deadlines.js';
import { bodyOf } from './message.js';
import type { Outbox } from './outbox.js';
import type { Publishing } from './publishing.js';
import type { Session } from './session.js';
import type { BrokerState } from './state.js';
import { SESSIONS } from './store/store.js';
import type { Tenant } from './tenant.js';

const DEVICE_KEY = 'd:';

/** Publishes the wills of clients whose connection broke. MQTT 5 §3.1.2.5 */
export class Wills {
  readonly #state: BrokerState;
  readonly #publishing: Publishing;
  readonly #outboxes: readonly Outbox[];
  readonly #due: Deadlines<Session>;

  constructor(state: BrokerState, publishing: Publishing, outboxes: readonly Outbox[]) {
    this.#state = state;
    this.#publishing = publishing;
    this.#outboxes = outboxes;
    this.#due = new Deadlines(state.steadySeconds);
  }

  /** The connection is gone. `delaySeconds`: what is left of the will's delay. */
  schedule(tenant: Tenant, session: Session, delaySeconds = session.will?.delaySeconds ?? 0): void {
    if (!session.will) return;
    if (delaySeconds <= 0) this.publishNow(tenant, session);
    else {
      session.willAtSeconds = Math.ceil(this.#state.steadySeconds + delaySeconds);
      this.#due.add(session, session.willAtSeconds);
    }
  }

  /** The will of a session that was loaded. It is published in a turn, when all sessions are there. */
  adopt(session: Session, delaySeconds: number): void {
    session.willAtSeconds = Math.ceil(this.#state.steadySeconds + delaySeconds);
    this.#due.add(session, session.willAtSeconds);
  }

  /** The client is back in time [MQTT-3.1.3-9]. */
  cancel(session: Session): void {
    if (session.willAtSeconds > 0) this.#due.delete(session, session.willAtSeconds);
    session.willAtSeconds = 0;
    session.will = undefined;
  }

  publishNow(tenant: Tenant, session: Session): void {
    const { will } = session;
    if (!will) return;
    this.cancel(session);
    if (session.isDurable) this.#state.journal.put(SESSIONS, session.id, session);
    // Telemetry is judged by the gateway that takes it in, as if the device had published it.
    if (!will.isTelemetry && !this.#state.rules.mayPublish(session.who, will.topic)) {
      this.#state.counts.willsRefused++;
      this.#state.report('warn', 'will-refused', { tenant: tenant.name, client: session.label, topic: will.topic });
      return;
    }
    this.#state.counts.wills++;
    this.#publishing.publish(tenant, will.topic, bodyOf(will.topic, will.properties, will.payload), will.qos, will.retain, session);
    if (!will.isTelemetry || !session.key.startsWith(DEVICE_KEY)) return;
    const device = Number(session.key.slice(DEVICE_KEY.length));
    this.#outboxes[0]?.post({ kind: 'will', device, topic: will.topic, payload: will.payload, qos: will.qos });
  }

  tick(): void {
    const now = this.#state.steadySeconds;
    for (const session of this.#due.due(now)) {
      const isDue = session.willAtSeconds > 0 && session.willAtSeconds <= now;
      if (isDue) this.publishNow(this.#state.tenant(session.tenant.name), session);
    }
  }
}
