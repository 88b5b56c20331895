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
  PROFILE_NODE_BYTES,
} from '../../assembly/abi/profiles.js';
import type { Member } from '../contract/profiles.js';

const NAME_BYTES_MAX = 255;

/** Lays members of documents as the nodes by which a kernel reads them: nodes from one place on, their names from another after it. */
export class MemberNodes {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #nodesEnd: number;
  readonly #namesAt: number;
  #namesEnd: number;

  constructor(bytes: Uint8Array, nodesAt: number, namesAt: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#nodesEnd = nodesAt;
    this.#namesAt = namesAt;
    this.#namesEnd = namesAt;
  }

  /** Lays a member and those below it; answers where. Throws where there is no room. */
  lay(name: string, member: Member): number {
    const at = this.#nodesEnd;
    this.#nodesEnd += PROFILE_NODE_BYTES;
    if (this.#nodesEnd > this.#namesAt) throw new Error(`cannot lay the member ${name}: there is no room for its node`);
    this.#bytes[at + NODE_AT_ACTION] = member.action ?? MEMBER_READ;
    this.#bytes[at + NODE_AT_OTHERS] = member.others ?? MEMBER_READ;
    this.#bytes[at + NODE_AT_FLAGS] = member.flags ?? 0;
    this.#text(name === '*' ? '' : name, at, NODE_AT_NAME, NODE_AT_NAME_BYTES);
    this.#text(member.wanted ?? '', at, NODE_AT_WANTED, NODE_AT_WANTED_BYTES);
    let [before, word] = [at, NODE_AT_CHILD as number];
    for (const [childName, child] of Object.entries(member.members ?? {})) {
      const node = this.lay(childName, child);
      this.#view.setUint32(before + word, node - before, true);
      [before, word] = [node, NODE_AT_NEXT];
    }
    return at;
  }

  #text(text: string, node: number, place: number, bytesPlace: number): void {
    const bytes = Buffer.from(text);
    if (bytes.length > NAME_BYTES_MAX || this.#namesEnd + bytes.length > this.#bytes.length) {
      throw new Error(`cannot lay the name ${text}: there is no room`);
    }
    this.#view.setUint32(node + place, this.#namesEnd - node, true);
    this.#bytes[node + bytesPlace] = bytes.length;
    this.#bytes.set(bytes, this.#namesEnd);
    this.#namesEnd += bytes.length;
  }
}

/** How many nodes a member and those below it are, and bytes of their names. */
export function sizeOfMembers(name: string, member: Member): { readonly nodes: number; readonly nameBytes: number } {
  let nodes = 1;
  let nameBytes = Buffer.byteLength(name) + Buffer.byteLength(member.wanted ?? '');
  for (const [childName, child] of Object.entries(member.members ?? {})) {
    const below = sizeOfMembers(childName, child);
    nodes += below.nodes;
    nameBytes += below.nameBytes;
  }
  return { nodes, nameBytes };
}
