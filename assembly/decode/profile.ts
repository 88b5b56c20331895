import { PROFILES_OFFSET } from '../abi/pipeline';
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
  PROFILE_PLAIN,
  PROFILES_MAX,
} from '../abi/profiles';
import { profile } from './context';
import { laidMembers } from './laid-schema';

// Every decoder of documents asks here what a member means. A node is its address, or 0 where nothing below is named.

/** The node of the whole document; 0: there is no such profile, and every member is a reading. */
export function rootOf(profile: u32): usize {
  const root = profile < PROFILES_MAX ? load<u32>(PROFILES_OFFSET + (profile << 2)) : 0;
  return root == 0 ? 0 : <usize>(PROFILES_OFFSET + root);
}

/** The node of the whole document at hand: a schema may name members in place of the plain profile. */
export function documentRoot(): usize {
  const own = profile == PROFILE_PLAIN ? laidMembers() : 0;
  return own != 0 ? own : rootOf(profile);
}

/** What a node points to by a word that counts from the node. */
@inline
function pointed(node: usize, word: usize): usize {
  const distance = load<u32>(node + word);
  return distance == 0 ? 0 : node + distance;
}

/** What the member found last means. */
export let memberAction: u32 = MEMBER_READ;

/** Finds a member of an object that the node `node` is of; answers its node, and leaves its action in memberAction. */
export function findMember(node: usize, nameAt: usize, nameBytes: u32): usize {
  if (node == 0) {
    memberAction = MEMBER_READ;
    return 0;
  }
  let any: usize = 0;
  for (let child = pointed(node, NODE_AT_CHILD); child != 0; child = pointed(child, NODE_AT_NEXT)) {
    const bytes = <u32>load<u8>(child, NODE_AT_NAME_BYTES);
    if (bytes == 0) any = child;
    else if (bytes == nameBytes && memory.compare(pointed(child, NODE_AT_NAME), nameAt, nameBytes) == 0) {
      memberAction = load<u8>(child, NODE_AT_ACTION);
      return child;
    }
  }
  memberAction = any != 0 ? <u32>load<u8>(any, NODE_AT_ACTION) : <u32>load<u8>(node, NODE_AT_OTHERS);
  return any;
}

export function hasFlag(node: usize, flag: u32): bool {
  return node != 0 && (load<u8>(node, NODE_AT_FLAGS) & flag) != 0;
}

/** Whether the text is the one that the node wants. */
export function isWanted(node: usize, at: usize, bytes: u32): bool {
  return <u32>load<u8>(node, NODE_AT_WANTED_BYTES) == bytes && memory.compare(pointed(node, NODE_AT_WANTED), at, bytes) == 0;
}
