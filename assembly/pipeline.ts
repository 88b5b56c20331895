import { ABI_VERSION } from './abi/limits';
import { PIPELINE_END } from './abi/state';
import { decodeInContext, decodePayload } from './decode/choose';
import { openContext, schema } from './decode/context';
import { decodeJson } from './decode/json/decode';
import { device } from './decode/device';
import { roundedNumbers } from './decode/double';
import { forgetSchema, openSchema } from './decode/laid-schema';
import { forgetTimeZone } from './decode/time-zone';
import { unknownNames } from './decode/metrics';
import { decodeByShape, learnShape, newestShape } from './decode/json/shape';
import { decodedReadings, decodedSamples, hasSeq, hasTs, nulls, seq, skippedReadings, tsUs } from './decode/sink';
import { appendReading } from './rows/readings';

export { capture } from './captures';
export { adoptState, describeState } from './checkpoint';
export { addMetric, clearUnknown as clearUnknownMetrics, setDenyUnknown as denyUnknownMetrics, setMessageCount } from './decode/metrics';
export { isRepeated, noteBlock } from './dedup/sources';
export { blocksEnd, blocksLastUs, processBlocks, setPartition } from './records';
export { batchHasRoom, batchRows, openBatch, sealBatch } from './rows/batch';
export { openBooks } from './series/accounts';
export { watch } from './series/devices';
export { loseDevices } from './series/lost-devices';
export { latest } from './series/latest';
export { account } from './statement';

/** The host begins the region of schemas and time zones anew. */
export function forgetSchemas(): void {
  forgetSchema();
  forgetTimeZone();
}

/** Number of the device whose message waits for names. */
export function unknownMetricsDevice(): u32 {
  return device;
}

/** The version of the abi that this module was built with; the host refuses any other. */
export function abiVersion(): u32 {
  return ABI_VERSION + PIPELINE_END;
}

/** Decodes one payload at `offset`; the getters below answer its content. */
export function decodeProbe(offset: u32, bytes: u32, receiveUs: f64): u32 {
  return decodeJson(offset, bytes, <u64>receiveUs);
}

/** The same of a payload of any format: FORMAT_… of abi/block.ts. */
export function decodeFormatProbe(format: u32, offset: u32, bytes: u32, receiveUs: f64): u32 {
  return decodePayload(format, 0, offset, bytes, <u64>receiveUs);
}

/** Decodes one payload after its context, of the device with this number. */
export function decodeInContextProbe(device: u32, format: u32, offset: u32, bytes: u32, receiveUs: f64): u32 {
  const context = openContext(offset, bytes);
  if (schema != 0) openSchema(schema);
  return decodeInContext(device, format, 0, offset + context, bytes - context, <u64>receiveUs);
}

/** Decodes one payload by the shape that was learned last; 0 when the payload is not of that shape. */
export function decodeByShapeProbe(offset: u32, bytes: u32, receiveUs: f64): u32 {
  return newestShape != 0 && decodeByShape(newestShape, offset, bytes, <u64>receiveUs) ? 1 : 0;
}

/** Learns the shape of the payload that decodeProbe decoded last; 0: the shape was not learned. */
export function learnShapeProbe(offset: u32, bytes: u32): u32 {
  return learnShape(offset, bytes);
}

/** Adds one reading to the open batch without any check. */
export function readingProbe(device: u32, metric: u32, tsUs: f64, value: f64): void {
  appendReading(device, metric, <u64>tsUs, value);
}

export function decodedCount(): u32 {
  return decodedReadings;
}

export function decodedHasTs(): u32 {
  return hasTs;
}

export function decodedTsUs(): f64 {
  return <f64>tsUs;
}

export function decodedHasSeq(): u32 {
  return hasSeq;
}

export function decodedSeq(): f64 {
  return <f64>seq;
}

export function decodedNulls(): u32 {
  return nulls;
}

export function decodedRounded(): u32 {
  return roundedNumbers;
}

/** Samples of a message that has several; 0: it is one itself. */
export function decodedSampleCount(): u32 {
  return decodedSamples;
}

export function decodedSkipped(): u32 {
  return skippedReadings;
}

export function unknownMetrics(): u32 {
  return unknownNames;
}
