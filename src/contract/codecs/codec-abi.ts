// What a codec and Spillway call of one another: see deploy/CODECS.md.

/** Exports that a codec has. */
export const CODEC_MEMORY = 'memory';
export const CODEC_ALLOC = 'alloc';
export const CODEC_DECODE = 'decode';
/** Which it may have: called once, before the first message. */
export const CODEC_INITIALIZE = '_initialize';

/** Exports that metering adds. No compiler makes names with a colon. */
export const METER_FUEL = 'spillway:fuel';
export const METER_DEPTH = 'spillway:depth';
/** Followed by the index of a mutable global: state of the codec, which is set back after each message. */
export const METER_GLOBAL = 'spillway:global:';

/** Calls within calls of one message. */
export const CALL_DEPTH_MAX = 128;

export const PAGE_BYTES = 65536;
export const CODEC_PAGES_MAX = 64;
export const CODEC_PAGES_DEFAULT = 16;
/** Instructions of one message: about ten milliseconds. */
export const CODEC_FUEL_MAX = 5_000_000;
export const CODEC_FUEL_DEFAULT = 200_000;
export const CODEC_BYTES_MAX = 262_144;

type Import = readonly [module: string, name: string, parameters: string, result: string];

/** Functions that a codec may import, with the types of their parameters and result. */
export const CODEC_IMPORTS: readonly Import[] = [
  ['spillway', 'emit_number', 'i32 i32 f64', ''],
  ['spillway', 'emit_text', 'i32 i32 i32 i32', ''],
  ['spillway', 'emit_time', 'f64', ''],
  ['spillway', 'emit_sequence', 'f64', ''],
  ['spillway', 'next_sample', '', ''],
  ['spillway', 'received_at', '', 'f64'],
  // AssemblyScript imports it for its own failures.
  ['env', 'abort', 'i32 i32 i32 i32', ''],
];
