import type { MessagePort } from 'node:worker_threads';
import { CODE_SESSION_TAKEN_OVER } from '../../assembly/abi/codes.js';
import type { BrokerToGateway, GatewayToBroker } from '../../src/contract/threads/broker.js';

/** Code of UNSUBACK where there was no such subscription. */
const NO_SUBSCRIPTION = 0x11;

/** A broker without sessions, for tests of what lies before it. It answers when it is asked to. */
export class BrokerDouble {
  readonly received: GatewayToBroker[] = [];
  readonly #answers: BrokerToGateway[] = [];
  readonly #attached = new Map<string, { readonly session: number; readonly connection: number }>();
  #listener: (message: BrokerToGateway) => void = () => {};

  /** What a gateway is given. */
  get port(): MessagePort {
    const port = {
      on: (_: 'message', listener: (message: BrokerToGateway) => void) => {
        this.#listener = listener;
      },
      postMessage: (message: GatewayToBroker) => this.#answer(message),
      close: () => {},
    };
    return port as unknown as MessagePort;
  }

  post(message: BrokerToGateway): void {
    this.#answers.push(message);
  }

  /** Gives all answers; false: there was none. */
  drain(): boolean {
    const hasAny = this.#answers.length > 0;
    for (let answer = this.#answers.shift(); answer; answer = this.#answers.shift()) this.#listener(answer);
    return hasAny;
  }

  #answer(message: GatewayToBroker): void {
    this.received.push(message);
    if (message.kind === 'attach') {
      const { session, connection, client, expirySeconds } = message;
      const older = this.#attached.get(client.key);
      if (older) this.post({ kind: 'end', ...older, code: CODE_SESSION_TAKEN_OVER });
      this.#attached.set(client.key, { session, connection });
      this.post({ kind: 'attached', session, isPresent: false, expirySeconds, unreleased: new Uint16Array(0) });
    } else if (message.kind === 'subscribe') {
      const { session, packetId, subscriptions } = message;
      this.post({ kind: 'subscribed', session, packetId, codes: subscriptions.map(({ qos }) => qos) });
    } else if (message.kind === 'unsubscribe') {
      const { session, packetId, filters } = message;
      this.post({ kind: 'unsubscribed', session, packetId, codes: filters.map(() => NO_SUBSCRIPTION) });
    } else if (message.kind === 'traffic') this.post({ kind: 'settled', number: message.number });
  }
}
