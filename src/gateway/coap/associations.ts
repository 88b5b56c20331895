import { COUNTER_GATEWAY_DTLS_OPEN } from '../../../assembly/abi/counters.js';
import { CONNECTIONS_MAX } from '../../../assembly/abi/limits.js';
import type { ShownKey } from '../../contract/identity/credentials.js';
import type { KernelMemory } from '../../host/kernel.js';
import type { Association, AssociationCounts, AssociationHost, Reactor } from '../../reactor/reactor.js';
import { deviceOfCertificate } from '../certificates.js';
import type { Directory } from '../directory.js';

/** Associations of a socket, at most. */
const PLACES_MAX = 1 << 16;

/** What the client of an association has shown. */
interface Proof {
  readonly association: Association;
  readonly entry: number;
  /** Undefined: a name in its certificate. */
  readonly credential: number | undefined;
  readonly untilMs: number;
}

/** Which devices the clients of DTLS are. What is revoked ends the associations that it has let in. */
export class Associations implements AssociationHost {
  readonly #directory: Directory;
  readonly #memory: KernelMemory;
  readonly #reactor: Pick<Reactor, 'closeAssociation'>;
  /** Of handshakes: each key that the client may have. */
  readonly #asked = new Map<number, readonly Proof[]>();
  readonly #open = new Map<number, Proof>();
  readonly #ofEntry = new Map<number, Set<number>>();
  readonly #ended: (association: Association) => void;

  /** `ended` runs for each association that was open. */
  constructor(
    directory: Directory,
    memory: KernelMemory,
    reactor: Pick<Reactor, 'closeAssociation'>,
    ended: (association: Association) => void = () => {},
  ) {
    this.#directory = directory;
    this.#memory = memory;
    this.#reactor = reactor;
    this.#ended = ended;
  }

  named(association: Association, identity: Uint8Array): ReturnType<AssociationHost['named']> {
    const name = textOf(identity);
    const found = name === undefined ? undefined : this.#directory.pskOf(name, Date.now());
    if (!found || found.keys.length === 0) return undefined;
    const proofs = found.keys.map((key: ShownKey) => ({
      association,
      entry: found.entry,
      credential: key.credential,
      untilMs: key.untilMs,
    }));
    this.#asked.set(placeOf(association), proofs);
    return { keys: found.keys.map(({ key }) => key), owner: ownerOf(found.entry) };
  }

  certified(association: Association, certificate: Uint8Array): number {
    const found = deviceOfCertificate(certificate, this.#directory, this.#directory.certificateNames, Date.now());
    // One that counts by the authority of a tenant lets nobody in here: nothing would end the association once it is revoked.
    if (!found || !('entry' in found) || found.authority !== undefined || !this.#directory.isActive(found.entry)) return 0;
    this.#asked.set(placeOf(association), [{ association, ...found }]);
    return ownerOf(found.entry);
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
    if (entry !== undefined) this.#end(entry, (proof) => !this.#directory.isActive(entry) || !this.#isInForce(proof, device));
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

  #isInForce({ credential }: Proof, device: number): boolean {
    return credential === undefined || this.#directory.credentials.has(device, credential);
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
