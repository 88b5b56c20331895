import { PROFILES_BYTES, PROFILES_OFFSET } from '../../assembly/abi/pipeline.js';
import {
  MEMBER_READ,
  NODE_AT_ACTION,
  NODE_AT_CHILD,
  NODE_AT_FLAGS,
  NODE_AT_NAME,
  NODE_AT_NAME_BYTES,
  NODE_AT_NEXT,
  NODE_AT_OTHERS,
  NODE_AT_WANTED,
  NODE_AT_WANTED_BYTES,
  PROFILE_NAMES_AT,
  PROFILE_NODE_BYTES,
  PROFILE_NODES_AT,
  PROFILE_NODES_MAX,
  PROFILES_MAX,
} from '../../assembly/abi/profiles.js';
import { type Member, profiles } from '../contract/profiles.js';
import type { KernelMemory } from './kernel.js';

let table: Uint8Array | undefined;

/** Lays the profiles of documents where the kernel looks them up. Once, before the first block. */
export function fillProfiles(memory: KernelMemory): void {
  table ??= new ProfileTable().build();
  memory.bytes.set(table, PROFILES_OFFSET);
}

class ProfileTable {
  readonly #bytes = new Uint8Array(PROFILES_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  /** Node 0 is that of a member that no profile names. */
  #nodes = 1;
  #namesEnd = PROFILE_NAMES_AT as number;

  build(): Uint8Array {
    for (const { number, root } of profiles) {
      if (number >= PROFILES_MAX) throw new Error(`cannot lay profile ${number}: the table has room for ${PROFILES_MAX}`);
      this.#view.setUint32(number * 4, this.#node('', root), true);
    }
    return this.#bytes;
  }

  #node(name: string, member: Member): number {
    const number = this.#nodes++;
    if (number >= PROFILE_NODES_MAX) throw new Error(`cannot lay the profiles: the table has room for ${PROFILE_NODES_MAX} nodes`);
    const at = PROFILE_NODES_AT + number * PROFILE_NODE_BYTES;
    this.#bytes[at + NODE_AT_ACTION] = member.action ?? MEMBER_READ;
    this.#bytes[at + NODE_AT_OTHERS] = member.others ?? MEMBER_READ;
    this.#bytes[at + NODE_AT_FLAGS] = member.flags ?? 0;
    this.#text(name === '*' ? '' : name, at + NODE_AT_NAME, at + NODE_AT_NAME_BYTES);
    this.#text(member.wanted ?? '', at + NODE_AT_WANTED, at + NODE_AT_WANTED_BYTES);
    let before = at + NODE_AT_CHILD;
    for (const [childName, child] of Object.entries(member.members ?? {})) {
      const node = this.#node(childName, child);
      this.#view.setUint32(before, node, true);
      before = PROFILE_NODES_AT + node * PROFILE_NODE_BYTES + NODE_AT_NEXT;
    }
    return number;
  }

  #text(text: string, at: number, bytesAt: number): void {
    const bytes = Buffer.from(text);
    if (bytes.length > 255 || this.#namesEnd + bytes.length > PROFILES_BYTES) throw new Error(`cannot lay the name ${text}: no room`);
    this.#view.setUint32(at, this.#namesEnd, true);
    this.#bytes[bytesAt] = bytes.length;
    this.#bytes.set(bytes, this.#namesEnd);
    this.#namesEnd += bytes.length;
  }
}
