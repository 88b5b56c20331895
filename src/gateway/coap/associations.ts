import { COUNTER_GATEWAY_DTLS_OPEN } from '../../../assembly/abi/counters.js';
import { CONNECTIONS_MAX } from '../../../assembly/abi/limits.js';
import type { ShownKey } from '../../contract/identity/credentials.js';
import type { FromGateway } from '../../contract/threads/gateway.js';
import type { KernelMemory } from '../../host/kernel.js';
import type { Association, AssociationCounts, AssociationHost, Reactor } from '../../reactor/reactor.js';
import { type CertifiedDevice, deviceOfCertificate } from '../certificates.js';
import type { Directory } from '../directory.js';

/** Associations of a socket, at most. */
const PLACES_MAX = 1 << 16;

/** Clients that wait at a time until main has answered. */
const WAITING_MAX = 1000;

/** What the client of an association has shown. */
interface Proof {
  readonly association: Association;
  readonly entry: number;
  /** Who has the entry: it may be another's later. */
  readonly device: number;
  /** Undefined: a name in its certificate. */
  readonly credential: number | undefined;
  /** DER, where it counts because an authority of the tenant has signed it. */
  readonly certificate?: Uint8Array | undefined;
  readonly untilMs: number;
}

interface Waiting {
  readonly association: Association;
  readonly certificate: Uint8Array;
}

type AssociationReactor = Pick<Reactor, 'answerAssociation' | 'closeAssociation'>;

/** Which devices the clients of DTLS are. What is revoked ends the associations that it has let in. */
export class Associations implements AssociationHost {
  readonly #directory: Directory;
  readonly #memory: KernelMemory;
  readonly #reactor: AssociationReactor;
  readonly #post: (message: FromGateway) => void;
  /** Of handshakes: each key that the client may have. */
  readonly #asked = new Map<number, readonly Proof[]>();
  readonly #open = new Map<number, Proof>();
  readonly #ofEntry = new Map<number, Set<number>>();
  /** By the token of the question; those of MQTT clients are positive. */
  readonly #waiting = new Map<number, Waiting>();
  #token = 0;
  readonly #ended: (association: Association) => void;

  /** `ended` runs for each association that was open. */
  constructor(
    directory: Directory,
    memory: KernelMemory,
    reactor: AssociationReactor,
    post: (message: FromGateway) => void,
    ended: (association: Association) => void = () => {},
  ) {
    this.#directory = directory;
    this.#memory = memory;
    this.#reactor = reactor;
    this.#post = post;
    this.#ended = ended;
  }

  named(association: Association, identity: Uint8Array): ReturnType<AssociationHost['named']> {
    const name = textOf(identity);
    const found = name === undefined ? undefined : this.#directory.pskOf(name, Date.now());
    if (!found || found.keys.length === 0) return undefined;
    const proofs = found.keys.map((key: ShownKey) => ({
      association,
      entry: found.entry,
      device: this.#directory.numberOf(found.entry),
      credential: key.credential,
      untilMs: key.untilMs,
    }));
    this.#asked.set(placeOf(association), proofs);
    return { keys: found.keys.map(({ key }) => key), owner: ownerOf(found.entry) };
  }

  certified(association: Association, certificate: Uint8Array): number | undefined {
    const found = this.#find(certificate);
    if (!found || 'entry' in found) return this.#admit(association, certificate, found);
    const { authority, tenant, device, registers } = found;
    if (!registers || this.#waiting.size >= WAITING_MAX) return 0;
    const token = --this.#token;
    this.#waiting.set(token, { association, certificate });
    this.#post({ kind: 'identity-asked', token, question: { kind: 'registration', authority, tenant, device } });
    return undefined;
  }

  /** The device that a client waits for is registered, or will not be. */
  answered(token: number): void {
    const waiting = this.#waiting.get(token);
    if (!waiting) return;
    this.#waiting.delete(token);
    const { association, certificate } = waiting;
    const found = this.#find(certificate);
    this.#reactor.answerAssociation(association, found && 'entry' in found ? this.#admit(association, certificate, found) : 0);
  }

  #find(certificate: Uint8Array): ReturnType<typeof deviceOfCertificate> {
    return deviceOfCertificate(certificate, this.#directory, this.#directory.certificateNames, Date.now());
  }

  /** The owner of the association. */
  #admit(association: Association, certificate: Uint8Array, found: CertifiedDevice | undefined): number {
    if (!found || !this.#directory.isActive(found.entry)) return 0;
    const { entry, credential, untilMs, authority } = found;
    const device = this.#directory.numberOf(entry);
    const signed = authority === undefined ? undefined : certificate;
    this.#asked.set(placeOf(association), [{ association, entry, device, credential, untilMs, certificate: signed }]);
    return ownerOf(entry);
  }

  opened(association: Association, key: number): void {
    const place = placeOf(association);
    const proofs = this.#asked.get(place) ?? [];
    this.#asked.delete(place);
    const proof = proofs[key];
    // One without a proof shows a token with each request.
    if (proof?.association.generation !== association.generation) return;
    this.#open.set(place, proof);
    const of = this.#ofEntry.get(proof.entry);
    if (of) of.add(place);
    else this.#ofEntry.set(proof.entry, new Set([place]));
    // What the client has shown may be revoked since then, while it took its time for the handshake.
    if (!this.#isInForce(proof) || proof.untilMs <= Date.now()) this.#reactor.closeAssociation(association);
  }

  closed(association: Association): void {
    const place = placeOf(association);
    const proof = this.#open.get(place);
    if (proof?.association.generation === association.generation) {
      this.#open.delete(place);
      const of = this.#ofEntry.get(proof.entry);
      of?.delete(place);
      if (of?.size === 0) this.#ofEntry.delete(proof.entry);
    }
    this.#ended(association);
  }

  counted({ open, shaking, established, dropped, evicted, moved }: AssociationCounts): void {
    const counters = this.#memory.counters;
    for (const [index, count] of [open, shaking, established, dropped, evicted, moved].entries()) {
      counters[COUNTER_GATEWAY_DTLS_OPEN + index] = BigInt(count);
    }
  }

  /** What counts of the device of this number has changed: ends the associations that it no longer lets in. */
  judgeAgain(device: number): void {
    const entry = this.#directory.entryOf(device);
    if (entry !== undefined) this.#end(entry, (proof) => !this.#isInForce(proof));
  }

  /** An authority of a tenant may have revoked certificates, or be gone: ends the associations that those have let in. */
  judgeCertified(): void {
    for (const proof of this.#open.values()) {
      if (proof.certificate && !this.#isInForce(proof)) this.#reactor.closeAssociation(proof.association);
    }
  }

  /** Ends all associations of a device that is about to be forgotten. */
  forget(device: number): void {
    const entry = this.#directory.entryOf(device);
    if (entry !== undefined) this.#end(entry, () => true);
  }

  /** Ends those whose proof is no longer valid at `nowMs`. */
  endExpired(nowMs: number): void {
    for (const { association, untilMs } of this.#open.values()) if (untilMs <= nowMs) this.#reactor.closeAssociation(association);
  }

  #isInForce({ entry, device, credential, certificate }: Proof): boolean {
    if (this.#directory.entryOf(device) !== entry || !this.#directory.isActive(entry)) return false;
    if (credential !== undefined) return this.#directory.credentials.has(device, credential);
    const found = certificate && this.#find(certificate);
    return certificate === undefined || (found !== undefined && 'entry' in found && found.entry === entry);
  }

  #end(entry: number, isOver: (proof: Proof) => boolean): void {
    for (const place of this.#ofEntry.get(entry) ?? []) {
      const proof = this.#open.get(place);
      if (proof && isOver(proof)) this.#reactor.closeAssociation(proof.association);
    }
  }
}

function placeOf({ connection, number }: Association): number {
  return (connection - CONNECTIONS_MAX) * PLACES_MAX + number;
}

function ownerOf(entry: number): number {
  return entry + 1;
}

/** Undefined: the bytes are no text. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
