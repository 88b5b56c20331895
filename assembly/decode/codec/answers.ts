import { FORMAT_CODEC } from '../../abi/block';
import {
  CODEC_ANSWER_AT_PAYLOAD,
  CODEC_ANSWER_BYTES,
  CODEC_ANSWERS_AT,
  CODEC_MESSAGES_MAX,
  WANTED_CODEC_AT_NUMBER,
  WANTED_CODEC_AT_PAYLOAD,
  WANTED_CODEC_AT_PAYLOAD_BYTES,
  WANTED_CODEC_AT_RECEIVE_US,
  WANTED_CODEC_BYTES,
  WANTED_CODECS_AT,
} from '../../abi/codecs';
import { CODEC_ANSWERS_OFFSET, WANTED_CODECS_OFFSET } from '../../abi/pipeline';
import { SCHEMA_AT_CODEC } from '../../abi/schemas';
import { isFormatOfRule } from '../context';
import { formatInSchema, laid } from '../laid-schema';

/** Answer that the message at hand has, or one before it. */
let next: u32 = 0;

/** No answers are there: they were of other messages. */
@inline
export function forgetCodecAnswers(): void {
  store<u32>(CODEC_ANSWERS_OFFSET, 0);
  next = 0;
}

/** The answer to the payload at `at`; 0: there is none. Payloads are asked for in ascending order, each as often as it is decoded. */
export function codecAnswer(at: usize): usize {
  for (const count = load<u32>(CODEC_ANSWERS_OFFSET); next < count; next++) {
    const answer = <usize>(CODEC_ANSWERS_OFFSET + CODEC_ANSWERS_AT + next * CODEC_ANSWER_BYTES);
    const payload = <usize>load<u32>(answer, CODEC_ANSWER_AT_PAYLOAD);
    if (payload == at) return answer;
    if (payload > at) return 0;
  }
  return 0;
}

/** Begins a list of messages whose codecs are run. */
export function clearWantedCodecs(): void {
  forgetCodecAnswers();
  store<u32>(WANTED_CODECS_OFFSET, 0);
}

/** Lists the payload if its schema, which is open, names a codec; answers whether there is room for another one. */
export function wantCodec(format: u32, at: usize, bytes: u32, receiveUs: u64): bool {
  if (formatInSchema(format, isFormatOfRule) != FORMAT_CODEC) return true;
  const count = load<u32>(WANTED_CODECS_OFFSET);
  const entry = <usize>(WANTED_CODECS_OFFSET + WANTED_CODECS_AT + count * WANTED_CODEC_BYTES);
  store<u32>(entry, <u32>at, WANTED_CODEC_AT_PAYLOAD);
  store<u32>(entry, bytes, WANTED_CODEC_AT_PAYLOAD_BYTES);
  store<u32>(entry, load<u32>(laid, SCHEMA_AT_CODEC), WANTED_CODEC_AT_NUMBER);
  store<u64>(entry, receiveUs, WANTED_CODEC_AT_RECEIVE_US);
  store<u32>(WANTED_CODECS_OFFSET, count + 1);
  return count + 1 < CODEC_MESSAGES_MAX;
}
