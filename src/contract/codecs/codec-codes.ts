import {
  CODE_CODEC_FUEL_EXHAUSTED,
  CODE_CODEC_OUTPUT_INVALID,
  CODE_CODEC_OUTPUT_OVERSIZE,
  CODE_CODEC_REFUSED,
  CODE_CODEC_TRAPPED,
} from '../../../assembly/abi/codes.js';
import type { RefusalCode } from '../refusal-code.js';

/** Why a codec of the tenant gave no readings. */
export const codecCodes: readonly RefusalCode[] = [
  {
    number: CODE_CODEC_TRAPPED,
    name: 'codec_trapped',
    cause: 'the codec of the schema failed on the message: it read beyond its memory, divided by zero, or ended itself',
    wayOut: 'try the payload with POST /v1/codecs/{id}/test, upload a mended version, name it in the schema, then replay the dead letters',
  },
  {
    number: CODE_CODEC_FUEL_EXHAUSTED,
    name: 'codec_fuel_exhausted',
    cause: 'the codec of the schema ran more instructions on the message than its limit allows',
    wayOut:
      'look for a loop without end; or upload it with a higher fuel_max, name that version in the schema, then replay the dead letters',
  },
  {
    number: CODE_CODEC_REFUSED,
    name: 'codec_refused',
    cause: 'the codec of the schema says that it cannot read the message: its function decode did not return 0',
    wayOut: 'look at the payload: the device may have other firmware; or mend the codec, then replay the dead letters',
  },
  {
    number: CODE_CODEC_OUTPUT_INVALID,
    name: 'codec_output_invalid',
    cause: 'the codec of the schema emitted a name or text that is too long, lies outside its memory or is not UTF-8',
    wayOut: 'upload a mended version of the codec, name it in the schema, then replay the dead letters',
  },
  {
    number: CODE_CODEC_OUTPUT_OVERSIZE,
    name: 'codec_output_oversize',
    cause: 'the codec of the schema emitted more than 128 KiB of readings for one message',
    wayOut: 'let the codec emit fewer readings or shorter texts, then replay the dead letters',
  },
];

const names = new Map(codecCodes.map(({ number, name }) => [number, name]));

/** Name of the code with which a run of a codec failed. */
export function codecFailure(code: number): string {
  return names.get(code) ?? String(code);
}
