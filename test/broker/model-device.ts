import assert from 'node:assert/strict';
import type { Client, ClientSite } from './site.js';

const PUBACK = 4;
const PUBREC = 5;
const PUBCOMP = 7;

export interface Published {
  readonly number: number;
  readonly topic: string;
  readonly payload: string;
}

/** A client as the specification wants it: it has a session of its own, and remembers which ids of QoS 2 it has taken in. */
export class ModelDevice {
  readonly name: string;
  client: Client | undefined;
  /** requested: the subscription was not acknowledged yet; maybe: nor was it before a crash. */
  subscribed: 'no' | 'requested' | 'yes' | 'maybe' = 'no';
  /** Messages that it has to get. */
  required: Published[] = [];
  readonly accepted: { readonly topic: string; readonly payload: string; readonly qos: number }[] = [];
  readonly #open = new Set<number>();
  #read = 0;
  /** Its last clean start was not answered yet. */
  #startsClean = false;
  /** The process ended before it answered a clean start, so whether the old state is gone is not known. */
  #repeatsClean = false;

  constructor(name: string) {
    this.name = name;
  }

  attach(site: ClientSite, wantsClean: boolean, receiveMax: number): void {
    const cleanStart = wantsClean || this.#repeatsClean;
    this.client = site.client(this.name, { cleanStart, receiveMax });
    this.#read = 0;
    if (!cleanStart) return;
    // [MQTT-3.1.2-4] A client discards its own state as it asks for a clean start.
    this.#open.clear();
    this.#startsClean = true;
    // Whether what was there is gone already is not known before it is attached.
    this.subscribed = 'maybe';
    this.required = [];
  }

  subscribe(qos: 1 | 2): void {
    if (!this.client) return;
    this.client.subscribe('a/#', { qos });
    if (this.subscribed !== 'yes') this.subscribed = 'requested';
  }

  detach(isClean: boolean): void {
    this.client?.detach(isClean);
    this.client = undefined;
  }

  /** The message was published in its sight. */
  published(message: Published): void {
    if (this.subscribed === 'yes' || this.subscribed === 'requested') this.required.push(message);
  }

  /** The process ended; publishers have acknowledgements for the messages up to `settled`. */
  crashed(settled: number): void {
    this.client = undefined;
    this.#repeatsClean = this.#startsClean;
    if (this.subscribed === 'requested') this.subscribed = 'maybe';
    this.required = this.required.filter(({ number }) => number <= settled);
  }

  /** From now on all of what it requires is safe. */
  renumbered(): void {
    this.required = this.required.map((message) => ({ ...message, number: 0 }));
  }

  /** Reads up to so many packets and answers them; answers how many there were. */
  read(packets: number): number {
    for (let count = 0; count < packets; count++) {
      const packet = this.#next();
      if (!packet || !this.client) return count;
      if (packet.kind === 'pubrel') {
        this.#open.delete(packet.packetId);
        this.client.answer(PUBCOMP, packet.packetId);
      } else if (packet.kind === 'message') {
        const { topic, payload, qos, packetId } = packet;
        if (qos === 1 || !this.#open.has(packetId)) this.accepted.push({ topic, payload, qos });
        if (qos === 2) this.#open.add(packetId);
        this.client.answer(qos === 1 ? PUBACK : PUBREC, packetId);
      } else if (packet.kind === 'attached') this.#attached(packet.isPresent);
      else if (packet.kind === 'subscribed' && this.subscribed === 'requested') this.subscribed = 'yes';
    }
    return packets;
  }

  get missing(): Published[] {
    const got = new Set(this.accepted.map(({ payload }) => payload));
    return this.required.filter(({ payload }) => !got.has(payload));
  }

  check(): void {
    assert.deepEqual(this.missing, [], 'nothing that was acknowledged is lost');
    const twice = this.accepted.filter(({ qos }) => qos === 2).map(({ payload }) => payload);
    assert.equal(new Set(twice).size, twice.length, 'QoS 2 is taken in once');
    for (const topic of new Set(this.accepted.map(({ topic }) => topic))) {
      const numbers = [...new Set(this.accepted.filter((one) => one.topic === topic).map(({ payload }) => Number(payload)))];
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => a - b),
        `${topic} is in order`,
      );
    }
  }

  #attached(isPresent: boolean): void {
    this.#startsClean = false;
    this.#repeatsClean = false;
    if (isPresent) return;
    this.#open.clear();
    if (this.subscribed === 'requested') return;
    assert.deepEqual([this.subscribed === 'yes', this.required], [false, []], 'a session that was there is present');
    this.subscribed = 'no';
  }

  #next() {
    const { client } = this;
    while (client && this.#read < client.double.all.length) {
      const packet = client.double.all[this.#read++];
      if (packet && 'session' in packet && packet.session === client.session) return packet;
    }
    return undefined;
  }
}
