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
  PROFILE_NODE_BYTES,
  PROFILE_NODES_AT,
  PROFILES_MAX,
} from '../abi/profiles';

// Every decoder of documents asks here what a member means. A node is 0 where no profile names anything below.

@inline
function nodeAt(node: u32): usize {
  return <usize>(PROFILES_OFFSET + PROFILE_NODES_AT + node * PROFILE_NODE_BYTES);
}

/** The node of the whole document; 0: there is no such profile, and every member is a reading. */
export function rootOf(profile: u32): u32 {
  return profile < PROFILES_MAX ? load<u32>(PROFILES_OFFSET + (profile << 2)) : 0;
}

/** What the member found last means. */
export let memberAction: u32 = MEMBER_READ;

/** Finds a member of an object that the node `node` is of; answers its node, and leaves its action in memberAction. */
export function findMember(node: u32, nameAt: usize, nameBytes: u32): u32 {
  if (node == 0) {
    memberAction = MEMBER_READ;
    return 0;
  }
  let any: u32 = 0;
  for (let child = load<u32>(nodeAt(node), NODE_AT_CHILD); child != 0; child = load<u32>(nodeAt(child), NODE_AT_NEXT)) {
    const at = nodeAt(child);
    const bytes = <u32>load<u8>(at, NODE_AT_NAME_BYTES);
    if (bytes == 0) any = child;
    else if (bytes == nameBytes && memory.compare(PROFILES_OFFSET + load<u32>(at, NODE_AT_NAME), nameAt, nameBytes) == 0) {
      memberAction = load<u8>(at, NODE_AT_ACTION);
      return child;
    }
  }
  memberAction = any != 0 ? <u32>load<u8>(nodeAt(any), NODE_AT_ACTION) : <u32>load<u8>(nodeAt(node), NODE_AT_OTHERS);
  return any;
}

export function hasFlag(node: u32, flag: u32): bool {
  return node != 0 && (load<u8>(nodeAt(node), NODE_AT_FLAGS) & flag) != 0;
}

/** Whether the text is the one that the node wants. */
export function isWanted(node: u32, at: usize, bytes: u32): bool {
  const from = nodeAt(node);
  return (
    <u32>load<u8>(from, NODE_AT_WANTED_BYTES) == bytes && memory.compare(PROFILES_OFFSET + load<u32>(from, NODE_AT_WANTED), at, bytes) == 0
  );
}
