import {
  MEMBER_IS_PREFIX,
  MEMBER_IS_SEQ,
  MEMBER_IS_TAGS,
  MEMBER_IS_TS,
  MEMBER_MAY_BE_TS,
  MEMBER_METRICS,
  MEMBER_MUST_BE,
  MEMBER_OPEN,
  MEMBER_SAMPLES,
  MEMBER_SKIP,
  NODE_LOOKS_AHEAD,
  NODE_MAY_BE_EMPTY,
  PROFILE_AWS_SHADOW,
  PROFILE_CHIRPSTACK,
  PROFILE_OWNTRACKS,
  PROFILE_PLAIN,
  PROFILE_SHELLY_RPC,
  PROFILE_SHELLY_STATUS,
  PROFILE_TASMOTA,
  PROFILE_TELEGRAF,
  PROFILE_THINGS_STACK,
  PROFILE_ZIGBEE2MQTT,
} from '../../assembly/abi/profiles.js';

/** What a member of a document means, and those below it. */
export interface Member {
  /** MEMBER_…; undefined: a reading. */
  readonly action?: number;
  /** What members mean that `members` does not name: MEMBER_READ or MEMBER_SKIP. */
  readonly others?: number;
  /** NODE_… */
  readonly flags?: number;
  /** The text that a member with MEMBER_MUST_BE has. */
  readonly wanted?: string;
  /** By name; '*' is any other name. */
  readonly members?: Readonly<Record<string, Member>>;
}

export interface Profile {
  readonly number: number;
  /** The name that topic rules use. */
  readonly name: string;
  readonly root: Member;
}

const skip: Member = { action: MEMBER_SKIP };
const ts: Member = { action: MEMBER_IS_TS };
const mayBeTs: Member = { action: MEMBER_MAY_BE_TS };
const open: Member = { action: MEMBER_OPEN };
/** A component of a Shelly of the second generation; its energy of the last minutes is none of this moment. */
const shellyComponent: Member = {
  members: { id: skip, aenergy: { members: { by_minute: skip, minute_ts: skip } }, temperature: { members: { tF: skip } } },
};

/** Profiles of the conventions that devices follow; each says what the family's own documents name. */
export const profiles: readonly Profile[] = [
  {
    number: PROFILE_PLAIN,
    name: 'plain',
    root: {
      flags: NODE_LOOKS_AHEAD,
      members: {
        ts,
        timestamp: mayBeTs,
        time: mayBeTs,
        seq: { action: MEMBER_IS_SEQ },
        metrics: { action: MEMBER_METRICS },
        values: open,
        readings: open,
      },
    },
  },
  {
    number: PROFILE_TELEGRAF,
    name: 'telegraf',
    root: {
      flags: NODE_LOOKS_AHEAD,
      others: MEMBER_SKIP,
      members: {
        name: { action: MEMBER_IS_PREFIX },
        fields: open,
        tags: { action: MEMBER_IS_TAGS },
        timestamp: ts,
        metrics: { action: MEMBER_SAMPLES },
      },
    },
  },
  {
    number: PROFILE_TASMOTA,
    name: 'tasmota',
    root: { members: { Time: mayBeTs, TempUnit: skip, PressureUnit: skip, ENERGY: { members: { TotalStartTime: skip } } } },
  },
  {
    number: PROFILE_SHELLY_RPC,
    name: 'shelly-rpc',
    root: {
      others: MEMBER_SKIP,
      flags: NODE_MAY_BE_EMPTY,
      members: {
        params: {
          action: MEMBER_OPEN,
          members: {
            ts,
            '*': shellyComponent,
          },
        },
      },
    },
  },
  { number: PROFILE_SHELLY_STATUS, name: 'shelly-status', root: shellyComponent },
  { number: PROFILE_ZIGBEE2MQTT, name: 'zigbee2mqtt', root: { members: { last_seen: mayBeTs, device: skip } } },
  {
    number: PROFILE_THINGS_STACK,
    name: 'the-things-stack',
    root: {
      others: MEMBER_SKIP,
      flags: NODE_MAY_BE_EMPTY,
      members: {
        uplink_message: {
          action: MEMBER_OPEN,
          others: MEMBER_SKIP,
          members: { decoded_payload: open, f_cnt: { action: MEMBER_IS_SEQ }, received_at: ts },
        },
      },
    },
  },
  {
    number: PROFILE_CHIRPSTACK,
    name: 'chirpstack',
    root: {
      others: MEMBER_SKIP,
      flags: NODE_MAY_BE_EMPTY,
      members: { object: open, time: ts, fCnt: { action: MEMBER_IS_SEQ } },
    },
  },
  {
    number: PROFILE_OWNTRACKS,
    name: 'owntracks',
    root: {
      flags: NODE_LOOKS_AHEAD | NODE_MAY_BE_EMPTY,
      members: {
        _type: { action: MEMBER_MUST_BE, wanted: 'location' },
        tst: ts,
        t: skip,
        tid: skip,
        conn: skip,
        topic: skip,
        created_at: skip,
        m: skip,
        SSID: skip,
        BSSID: skip,
        inregions: skip,
        inrids: skip,
      },
    },
  },
  {
    number: PROFILE_AWS_SHADOW,
    name: 'aws-shadow',
    root: {
      others: MEMBER_SKIP,
      flags: NODE_MAY_BE_EMPTY,
      members: { state: { action: MEMBER_OPEN, others: MEMBER_SKIP, members: { reported: open } } },
    },
  },
];
