import { FORMAT_JSON } from '../abi/block';
import { CODE_FORMAT_UNKNOWN, CODE_NONE } from '../abi/codes';
import { decodeJson } from './json/decode';
import { decodeByShape, learnShape, newestShape } from './json/shape';
import { unknownNames } from './metrics';

/** The shape of the payload that was decoded last, which its device will most likely send again; 0: none is known. */
export let decodedShape: u32 = 0;

/**
 * Decodes one payload of the content format that its record names, into the sink. Answers CODE_NONE or why it is refused. When it
 * answers CODE_NONE and `unknownNames` is not 0, the readings are incomplete: see metrics.ts. `shape` is that of the device's
 * message before, or 0.
 */
@inline
export function decodePayload(format: u32, shape: u32, at: usize, bytes: u32, receiveUs: u64): u32 {
  // Only a newer build writes another format: its messages are kept, and may be decoded by it.
  if (format != FORMAT_JSON) return CODE_FORMAT_UNKNOWN;
  decodedShape = shape == 0 ? newestShape : shape;
  if (decodedShape != 0 && decodeByShape(decodedShape, at, bytes, receiveUs)) return CODE_NONE;
  const code = decodeJson(at, bytes, receiveUs);
  decodedShape = code == CODE_NONE && unknownNames == 0 ? learnShape(at, bytes) : 0;
  return code;
}
