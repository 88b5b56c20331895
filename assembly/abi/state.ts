import { COMMAND_CODE_FIRST, DECODE_CODE_FIRST } from './codes.ts';
import { MIB, PARTITION_DEVICES_MAX, PARTITION_SERIES_MAX } from './limits.ts';
import { SORT_BYTES, SORT_OFFSET } from './pipeline.ts';
import { BIRTH_BYTES, BIRTHS_HEADER_BYTES } from './sparkplug.ts';

// State of a partition, at the end of the pipeline module's memory: the content of a checkpoint.

/** State of the partition's devices: index from number to slot, slots, sequence runs, series. */
export const STATE_INDEX_OFFSET: u32 = SORT_OFFSET + SORT_BYTES;
export const STATE_INDEX_SLOTS: u32 = PARTITION_DEVICES_MAX * 2;
export const STATE_INDEX_BYTES: u32 = STATE_INDEX_SLOTS * 4;
export const STATE_DEVICES_OFFSET: u32 = STATE_INDEX_OFFSET + STATE_INDEX_BYTES;
export const STATE_DEVICE_BYTES: u32 = 192;
export const STATE_DEVICES_BYTES: u32 = PARTITION_DEVICES_MAX * STATE_DEVICE_BYTES;
export const RUN_PAGES_OFFSET: u32 = STATE_DEVICES_OFFSET + STATE_DEVICES_BYTES;
export const RUN_PAGES_MAX: u32 = 16384;
export const RUN_PAGE_BYTES: u32 = 2048;
export const RUN_PAGES_BYTES: u32 = RUN_PAGES_MAX * RUN_PAGE_BYTES;
export const SERIES_INDEX_OFFSET: u32 = RUN_PAGES_OFFSET + RUN_PAGES_BYTES;
export const SERIES_INDEX_SLOTS: u32 = PARTITION_SERIES_MAX * 2;
export const SERIES_INDEX_BYTES: u32 = SERIES_INDEX_SLOTS * 4;
export const SERIES_OFFSET: u32 = SERIES_INDEX_OFFSET + SERIES_INDEX_BYTES;
export const SERIES_ENTRY_BYTES: u32 = 40;
export const SERIES_BYTES: u32 = PARTITION_SERIES_MAX * SERIES_ENTRY_BYTES;
/** Fingerprints of recent payloads, two generations. */
export const FINGERPRINTS_OFFSET: u32 = SERIES_OFFSET + SERIES_BYTES;
export const FINGERPRINT_SLOTS: u32 = 262144;
export const FINGERPRINTS_BYTES: u32 = FINGERPRINT_SLOTS * 8 * 2;

/** Counts of devices' messages that were not stored, part of the state: duplicates, dead letters. */
export const ACCOUNTS_OFFSET: u32 = FINGERPRINTS_OFFSET + FINGERPRINTS_BYTES;
export const ACCOUNTS_HEADER_BYTES: u32 = 64;
export const ACCOUNT_BYTES: u32 = 64;
export const ACCOUNTS_BYTES: u32 = ACCOUNTS_HEADER_BYTES + PARTITION_DEVICES_MAX * ACCOUNT_BYTES;
/** Dead letters by device and reason: pages, taken by the accounts that need one. One page a device, and a second one for half of them. */
export const DEAD_PAGES_OFFSET: u32 = ACCOUNTS_OFFSET + ACCOUNTS_BYTES;
export const DEAD_PAGES_MAX: u32 = 786432;
export const DEAD_PAGE_BYTES: u32 = 64;
export const DEAD_PAGES_BYTES: u32 = DEAD_PAGES_MAX * DEAD_PAGE_BYTES;
/** By device of the state, u32 each: how many of its messages, modulo 2^32, were run that an earlier process had taken in. */
export const BASES_OFFSET: u32 = DEAD_PAGES_OFFSET + DEAD_PAGES_BYTES;
export const BASES_BYTES: u32 = PARTITION_DEVICES_MAX * 4;
/** Latest values that are texts: pages, each with the one after it and a part of a text. */
export const TEXT_PAGES_OFFSET: u32 = BASES_OFFSET + BASES_BYTES;
export const TEXT_PAGES_MAX: u32 = 524288;
export const TEXT_PAGE_BYTES: u32 = 64;
export const TEXT_PAGES_BYTES: u32 = TEXT_PAGES_MAX * TEXT_PAGE_BYTES;
export const TEXT_PAGE_TEXT_BYTES: u32 = TEXT_PAGE_BYTES - 4;

/** Births of Sparkplug: who was born, in sparkplug.ts's layout; and blocks with the definitions of their metrics. */
export const BIRTHS_OFFSET: u32 = TEXT_PAGES_OFFSET + TEXT_PAGES_BYTES;
/** Those that count the births of a device number included. */
export const BIRTHS_MAX: u32 = 262144;
export const BIRTHS_BYTES: u32 = BIRTHS_HEADER_BYTES + BIRTHS_MAX * BIRTH_BYTES;
export const BIRTH_INDEX_OFFSET: u32 = BIRTHS_OFFSET + BIRTHS_BYTES;
export const BIRTH_INDEX_SLOTS: u32 = BIRTHS_MAX * 2;
export const BIRTH_INDEX_BYTES: u32 = BIRTH_INDEX_SLOTS * 4;
export const DEFINITIONS_OFFSET: u32 = BIRTH_INDEX_OFFSET + BIRTH_INDEX_BYTES;
export const DEFINITIONS_BYTES: u32 = 64 * MIB;

// Device in the pipeline's state
export const STATE_DEVICE_AT_NUMBER: u32 = 0; // u32
export const STATE_DEVICE_AT_STORED: u32 = 16; // u32, messages stored, modulo 2^32
export const STATE_DEVICE_AT_ACCOUNT: u32 = 20; // u32, its account + 1, or 0

// Accounts: a header, then one account after the other
export const ACCOUNTS_AT_USED: u32 = 0; // u32
export const ACCOUNTS_AT_DEAD_PAGES: u32 = 4; // u32: pages of dead letters that are taken
export const ACCOUNTS_AT_SINCE_US: u32 = 8; // u64: receive time of the first block that the state counts
export const ACCOUNTS_AT_UNTRACKED_DEAD: u32 = 16; // u64: dead letters of devices for which the state had no room

export const ACCOUNT_AT_DUPLICATE: u32 = 0; // u64
export const ACCOUNT_AT_DEAD: u32 = 8; // u64: dead letters, whatever their reasons
export const ACCOUNT_AT_REBOOT_US: u32 = 16; // u64, time of the first message after the last reboot
export const ACCOUNT_AT_STORED_WRAPS: u32 = 24; // u32: how often the device's count of stored messages passed 2^32
export const ACCOUNT_AT_REBOOTS: u32 = 28; // u32
export const ACCOUNT_AT_RUNS_FORGOTTEN: u32 = 32; // u32, since the last reboot
export const ACCOUNT_AT_DEAD_PAGE: u32 = 36; // u32, its first page + 1, or 0
export const ACCOUNT_AT_EXTRA_SAMPLES: u32 = 40; // u64: samples of its messages besides the first of each, which are counted as messages
export const ACCOUNT_AT_LEFT_OUT: u32 = 48; // u64: values of its stored messages that were left out
export const ACCOUNT_AT_HOST: u32 = 56; // u32: hash of the host that is its own, or 0

// Page of dead letters: the next page, then counts by reason. A count is one word, so that a thread that reads it while it changes
// reads its code and its number together: the code in the highest byte, the number of dead letters below it. 0: free.
export const DEAD_PAGE_AT_NEXT: u32 = 0; // u32, the next page + 1, or 0
export const DEAD_PAGE_AT_COUNTS: u32 = 8; // u64 each
export const DEAD_PAGE_COUNTS: u32 = 7;
export const DEAD_COUNT_BITS: u32 = 56;

/**
 * Head of the state: the part that lies in no table, written by describeState for a checkpoint, read by adoptState. Raise the
 * version with every change of meaning of any byte of the state, so that an older checkpoint is refused.
 */
export const STATE_VERSION: u32 = 10;
export const STATE_HEAD_OFFSET: u32 = DEFINITIONS_OFFSET + DEFINITIONS_BYTES;
export const STATE_HEAD_BYTES: u32 = 64;
/** Sections of the state, the head included: u32 count, then u32 offset and u32 bytes each. Indexes are rebuilt from the tables. */
export const STATE_SECTIONS_OFFSET: u32 = STATE_HEAD_OFFSET + STATE_HEAD_BYTES;
export const STATE_SECTIONS_MAX: u32 = 17;
export const STATE_SECTION_BYTES: u32 = 8;
export const STATE_SECTIONS_BYTES: u32 = 8 + STATE_SECTIONS_MAX * STATE_SECTION_BYTES;

// Head of the state, which a checkpoint brings from one instance to the next
export const HEAD_AT_DEVICES: u32 = 0; // u32 each, but for the time
export const HEAD_AT_SERIES: u32 = 4;
export const HEAD_AT_RUN_PAGES: u32 = 8;
export const HEAD_AT_FREE_RUN_PAGE: u32 = 12;
export const HEAD_AT_NEWER_GENERATION: u32 = 16;
export const HEAD_AT_NEWER_USED: u32 = 20;
export const HEAD_AT_NEWER_STARTED_US: u32 = 24; // u64
export const HEAD_AT_OLDER_USED: u32 = 32;
export const HEAD_AT_SHAPES: u32 = 36;
export const HEAD_AT_OLDEST_SHAPE: u32 = 40;
export const HEAD_AT_SHAPE_MISSES: u32 = 44;
export const HEAD_AT_NEWEST_SHAPE: u32 = 48;
export const HEAD_AT_SOURCES: u32 = 52;
export const HEAD_AT_TEXT_PAGES: u32 = 56;
export const HEAD_AT_FREE_TEXT_PAGE: u32 = 60;

export const SOURCES_OFFSET: u32 = STATE_SECTIONS_OFFSET + STATE_SECTIONS_BYTES;
export const SOURCES_BYTES: u32 = 6144;

// Source of blocks that lie in records of the log: one run of a producer
export const SOURCE_BYTES: u32 = 24;
export const SOURCE_AT_NUMBER: u32 = 8; // u64, after the u64 that names the source
export const SOURCE_AT_USED: u32 = 16; // u64

// Dead letters that were sent through the pipeline again: their ids, in two generations of open-addressed tables of u64; 0: free.
export const REPLAYS_OFFSET: u32 = SOURCES_OFFSET + SOURCES_BYTES;
export const REPLAYS_HEADER_BYTES: u32 = 64;
export const REPLAYS_AT_GENERATION: u32 = 0; // u32: the newer one, 0 or 1
export const REPLAYS_AT_USED: u32 = 4; // u32: ids in the newer one
export const REPLAYS_AT_OLDER_USED: u32 = 8; // u32
export const REPLAY_SLOTS: u32 = 65536;
/** Ids of a generation. Whoever replays lets no more be on their way to a partition: one that is sent again is then known for sure. */
export const REPLAYS_MAX: u32 = (REPLAY_SLOTS / 4) * 3;
export const REPLAYS_BYTES: u32 = REPLAYS_HEADER_BYTES + REPLAY_SLOTS * 8 * 2;

export const PIPELINE_END: u32 = REPLAYS_OFFSET + REPLAYS_BYTES;

// Statement: the answer to account().
export const STATEMENT_AT_STORED: u32 = 0; // u64
export const STATEMENT_AT_RUN: u32 = 8; // u32, messages run that this process took in, modulo 2^32
export const STATEMENT_AT_NEWEST_US: u32 = 16; // u64, newest event time
export const STATEMENT_AT_ACCOUNT: u32 = 32; // ACCOUNT_BYTES
export const STATEMENT_AT_DEAD: u32 = STATEMENT_AT_ACCOUNT + ACCOUNT_BYTES; // u64 counts as on a page of dead letters, then zeros
export const STATEMENT_DEAD_MAX: u32 = COMMAND_CODE_FIRST - DECODE_CODE_FIRST;
export const STATEMENT_AT_RUNS: u32 = STATEMENT_AT_DEAD + STATEMENT_DEAD_MAX * 8; // first and last number of each run, u64 each
