import { FORMAT_BY_SHAPE, FORMAT_JSON } from '../../../assembly/abi/block.js';
import { PROFILE_CHIRPSTACK, PROFILE_NOTHING, PROFILE_PLAIN, PROFILE_TELEGRAF } from '../../../assembly/abi/profiles.js';
import { formatNames } from '../content-types.js';
import { profiles } from '../profiles.js';

/** How a payload is read: its content format, and which members of a document mean what. */
export interface Decoder {
  readonly format: number;
  readonly profile: number;
}

/** Telegraf writes JSON or line protocol under the same topics, ChirpStack JSON or Protobuf. */
const ofSeveralFormats: readonly number[] = [PROFILE_PLAIN, PROFILE_TELEGRAF, PROFILE_CHIRPSTACK];

/** What a rule's `decoder` may be: a content format, the profile of a convention, or `ignore`. */
export const decoders: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ...[...formatNames].map(([name, format]) => [name, { format, profile: PROFILE_PLAIN }] as const),
  ...profiles.map(
    ({ name, number }) => [name, { format: isOfOneFormat(number) ? FORMAT_JSON : FORMAT_BY_SHAPE, profile: number }] as const,
  ),
  // Taken in and acknowledged like every message, and kept in the log; it has no readings.
  ['ignore', { format: FORMAT_BY_SHAPE, profile: PROFILE_NOTHING }],
]);

function isOfOneFormat(profile: number): boolean {
  return !ofSeveralFormats.includes(profile);
}
