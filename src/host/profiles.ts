import { PROFILES_BYTES, PROFILES_OFFSET } from '../../assembly/abi/pipeline.js';
import { PROFILE_NAMES_AT, PROFILE_NODES_AT, PROFILES_MAX } from '../../assembly/abi/profiles.js';
import { profiles } from '../contract/profiles.js';
import type { KernelMemory } from './kernel.js';
import { MemberNodes } from './member-nodes.js';

let table: Uint8Array | undefined;

/** Lays the profiles of documents where the kernel looks them up. Once, before the first block. */
export function fillProfiles(memory: KernelMemory): void {
  table ??= profileTable();
  memory.bytes.set(table, PROFILES_OFFSET);
}

function profileTable(): Uint8Array {
  const bytes = new Uint8Array(PROFILES_BYTES);
  const view = new DataView(bytes.buffer);
  const nodes = new MemberNodes(bytes, PROFILE_NODES_AT, PROFILE_NAMES_AT);
  for (const { number, root } of profiles) {
    if (number >= PROFILES_MAX) throw new Error(`cannot lay profile ${number}: the table has room for ${PROFILES_MAX}`);
    view.setUint32(number * 4, nodes.lay('', root), true);
  }
  return bytes;
}
