import { z } from 'zod';
import { ApiFailure } from '../../contract/api-errors.js';
import type { Principal } from '../../http/caller.js';
import { parseBody } from '../../http/input.js';
import type { ClientSocket } from '../../http/web-socket.js';
import type { AdminKeys } from '../keys/admin-keys.js';
import type { Device } from '../registry/device.js';
import { TENANT_DEFAULT } from '../registry/input.js';
import type { Registry } from '../registry/registry.js';
import { type LiveClient, type LiveHub, SUBSCRIPTIONS_MAX } from './live-hub.js';

/** What a session answers from. */
export interface LiveServices {
  readonly keys: Pick<AdminKeys, 'find' | 'isPartial' | 'onEnd'>;
  readonly live: LiveHub;
  readonly registry: Pick<Registry, 'get' | 'groups'>;
}

export const AUTHENTICATE_MS_MAX = 5000;
export const CLOSE_UNAUTHENTICATED = 4401;
/** Bytes that wait for a slow client; with more, readings and rates are left out until it has caught up. */
const BUFFERED_BYTES_MAX = 256 * 1024;

const devicesSchema = z
  .array(z.string('must be a list of device ids'), 'must be a list of device ids')
  .min(1, 'must not be empty')
  .max(SUBSCRIPTIONS_MAX, `must name at most ${SUBSCRIPTIONS_MAX} devices`);
const tenantSchema = z.string('must be a string').optional();
const messageSchema = z.discriminatedUnion(
  'type',
  [
    z.object({ type: z.literal('authenticate'), key: z.string('must be a string') }),
    z.object({ type: z.literal('subscribe'), tenant: tenantSchema, devices: devicesSchema }),
    z.object({ type: z.literal('unsubscribe'), tenant: tenantSchema, devices: devicesSchema }),
  ],
  'must be authenticate, subscribe or unsubscribe',
);
type Message = z.infer<typeof messageSchema>;

/** One live view: it authenticates first, then says which devices it wants to see. */
export class LiveSession implements LiveClient {
  readonly #socket: ClientSocket;
  readonly #services: LiveServices;
  readonly #deadline: NodeJS.Timeout;
  #authenticated = false;
  #principal: Principal | undefined;
  /** Since it has authenticated. */
  #forgetKey: (() => void) | undefined;

  constructor(socket: ClientSocket, services: LiveServices, authenticateMsMax = AUTHENTICATE_MS_MAX) {
    this.#socket = socket;
    this.#services = services;
    this.#deadline = setTimeout(() => this.#refuse('no key came in time'), authenticateMsMax).unref();
  }

  /** A text message of the client. */
  receive(bytes: Uint8Array): void {
    const message = parseBody(bytes, messageSchema, 'read the message');
    if (message instanceof ApiFailure) {
      if (this.#authenticated) this.#fail(message);
      else this.#refuse('the first message must be authenticate');
      return;
    }
    if (message.type === 'authenticate') this.#authenticate(message.key);
    else if (!this.#authenticated) this.#refuse('the first message must be authenticate');
    else this.#select(message);
  }

  get isOfOneTenant(): boolean {
    return this.#principal?.tenant !== null;
  }

  send(text: string): boolean {
    return this.#socket.bufferedBytes() <= BUFFERED_BYTES_MAX && this.#socket.send(text);
  }

  /** The socket is gone. */
  closed(): void {
    clearTimeout(this.#deadline);
    this.#forgetKey?.();
    if (this.#authenticated) this.#services.live.remove(this);
    this.#authenticated = false;
  }

  #authenticate(key: string): void {
    const principal = this.#services.keys.find(key);
    if (!principal) {
      const { isPartial } = this.#services.keys;
      this.#refuse(isPartial ? 'the admin key cannot be looked up: the database is away' : 'the admin key is not valid');
      return;
    }
    this.#forgetKey?.();
    this.#forgetKey = this.#services.keys.onEnd(Number(principal.id), () => this.#refuse('the admin key was revoked or has expired'));
    // What was asked for with a key before is not for this one.
    if (this.#authenticated) this.#services.live.remove(this);
    this.#principal = principal;
    clearTimeout(this.#deadline);
    if (!this.#authenticated && !this.#socket.trust()) return;
    this.#services.live.add(this);
    this.#authenticated = true;
    this.#reply({ type: 'authenticated' });
  }

  #select(message: Exclude<Message, { type: 'authenticate' }>): void {
    const { live, registry } = this.#services;
    const known: Device[] = [];
    const unknown: string[] = [];
    for (const id of new Set(message.devices)) {
      const device = registry.get(message.tenant ?? this.#principal?.tenant ?? TENANT_DEFAULT, id);
      if (device && this.#sees(device)) known.push(device);
      else unknown.push(id);
    }
    if (message.type === 'unsubscribe') {
      live.unsubscribe(this, known);
      return;
    }
    const refused = live.subscribe(this, known);
    if (refused === undefined) this.#reply({ type: 'subscribed', devices: known.map(({ id }) => id), unknown });
    else this.#fail(new ApiFailure('subscriptions_exhausted', 'subscribe', refused));
  }

  /** Whether the key is for this device: another tenant's does not exist for it. */
  #sees({ tenant, details }: Device): boolean {
    if (!this.#principal) return false;
    const { tenant: own, group } = this.#principal;
    if (own !== null && own !== tenant) return false;
    if (group === null) return true;
    const seen = this.#services.registry.groups.of(tenant).subtree(group);
    return details.groups.some((number) => seen.has(number));
  }

  #fail(failure: ApiFailure): void {
    this.#reply({ type: 'error', ...failure.toJSON() });
  }

  /** An answer is not left out: a client that lets its answers pile up has lost the conversation. */
  #reply(message: object): void {
    if (!this.#socket.send(JSON.stringify(message))) this.#socket.end(1008, 'the client does not read its answers');
  }

  #refuse(reason: string): void {
    this.#socket.end(CLOSE_UNAUTHENTICATED, reason);
  }
}
