// Profiles: which members of a document are its time, its sequence number and its readings. The host lays the table once, before the
// first block; the kernel only reads it.
//
// Table: u32 offsets of root nodes by profile, PROFILES_MAX of them, 0 for none; then nodes; then the names that they point to. What a node
// points to comes after it, and is counted from the node: nodes and their names can lie anywhere, as a schema has some of its own.

export const PROFILES_MAX: u32 = 64;
export const PROFILE_NODES_AT: u32 = PROFILES_MAX * 4;
export const PROFILE_NODE_BYTES: u32 = 24;
export const PROFILE_NODES_MAX: u32 = 1024;
export const PROFILE_NAMES_AT: u32 = PROFILE_NODES_AT + PROFILE_NODES_MAX * PROFILE_NODE_BYTES;

export const NODE_AT_NAME: u32 = 0; // u32, bytes from the node
export const NODE_AT_NAME_BYTES: u32 = 4; // u8; 0: any name
export const NODE_AT_ACTION: u32 = 5; // u8
export const NODE_AT_OTHERS: u32 = 6; // u8: the action for members that none of its children names
export const NODE_AT_FLAGS: u32 = 7; // u8
export const NODE_AT_CHILD: u32 = 8; // u32 first child, bytes from the node, or 0
export const NODE_AT_NEXT: u32 = 12; // u32 next sibling, bytes from the node, or 0
export const NODE_AT_WANTED: u32 = 16; // u32, bytes from the node
export const NODE_AT_WANTED_BYTES: u32 = 20; // u8

/** A reading, or an object of them whose names begin with this one's. */
export const MEMBER_READ: u32 = 0;
export const MEMBER_SKIP: u32 = 1;
/** An object whose members are named without it. */
export const MEMBER_OPEN: u32 = 2;
/** Time of the sample; another value refuses the message. */
export const MEMBER_IS_TS: u32 = 3;
/** Time of the sample if it reads as one, else a reading. */
export const MEMBER_MAY_BE_TS: u32 = 4;
export const MEMBER_IS_SEQ: u32 = 5;
/** An array whose elements are samples, each read as the whole document is. */
export const MEMBER_SAMPLES: u32 = 6;
/** A text with which the names of the sample's metrics begin. */
export const MEMBER_IS_PREFIX: u32 = 7;
/** A text that must be NODE_AT_WANTED, else the sample has no readings. */
export const MEMBER_MUST_BE: u32 = 8;
/** `metrics`: the only readings of the sample when it is an object; samples, as Telegraf batches them, when it is an array. */
export const MEMBER_METRICS: u32 = 9;
/** An object of the tags of the sample's metrics: their keys and values are texts. */
export const MEMBER_IS_TAGS: u32 = 10;

/** Some members have to be looked at before the others can be read. */
export const NODE_LOOKS_AHEAD: u32 = 1;
/** A document that has no readings is no fault. */
export const NODE_MAY_BE_EMPTY: u32 = 2;

// Profiles of conventions, by number; src/contract/profiles.ts says what they name.
export const PROFILE_PLAIN: u32 = 0;
export const PROFILE_TELEGRAF: u32 = 1;
export const PROFILE_TASMOTA: u32 = 2;
export const PROFILE_SHELLY_RPC: u32 = 3;
export const PROFILE_ZIGBEE2MQTT: u32 = 4;
export const PROFILE_THINGS_STACK: u32 = 5;
export const PROFILE_CHIRPSTACK: u32 = 6;
export const PROFILE_OWNTRACKS: u32 = 7;
export const PROFILE_AWS_SHADOW: u32 = 8;
export const PROFILE_SHELLY_STATUS: u32 = 9;
/** The message has no readings, whatever it holds. */
export const PROFILE_NOTHING: u32 = 63;
/** The topic is not taken: the message is a dead letter, whatever its payload is. */
export const PROFILE_NOT_TAKEN: u32 = 62;
