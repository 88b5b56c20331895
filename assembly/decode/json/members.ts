// Where the values lay that the last payload was decoded for: its ts, its seq and its metrics, in reading order.
//
//   0  u32 metric number, or one of the two below     4  u32 address     8  u32 address behind it

export const MEMBER_BYTES: u32 = 12;
export const AT_MEMBER: usize = 0;
export const AT_FROM: usize = 4;
export const AT_TO: usize = 8;

export const MEMBER_TS: u32 = 0xfffffffe;
export const MEMBER_SEQ: u32 = 0xfffffffd;

/** More are counted, not noted. */
export const MEMBERS_MAX: u32 = 24;

export const members = memory.data(MEMBERS_MAX * MEMBER_BYTES, 8);
export let memberCount: u32 = 0;

@inline
export function clearMembers(): void {
  memberCount = 0;
}

@inline
export function noteMember(member: u32, from: usize, to: usize): void {
  if (memberCount < MEMBERS_MAX) {
    const at = members + memberCount * MEMBER_BYTES;
    store<u32>(at, member, AT_MEMBER);
    store<u32>(at, <u32>from, AT_FROM);
    store<u32>(at, <u32>to, AT_TO);
  }
  memberCount++;
}
