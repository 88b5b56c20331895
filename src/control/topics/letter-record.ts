import { type DeadLetter, describeLetter, type Faults, type Names } from '../letters/dead-letter.js';
import { ProtobufWriter } from './protobuf-writer.js';
import { keyOf, type RecordFormat, type TopicRecord } from './topic-record.js';

/** A dead letter as a record of its topic: the document of the API, or the message DeadLetter. */
export function letterRecord(letter: DeadLetter, names: Names, faults: Faults, format: RecordFormat): TopicRecord {
  const device = letter.device === null ? undefined : names.device(letter.device);
  const value = format === 'json' ? Buffer.from(JSON.stringify(describeLetter(letter, names, faults))) : letterMessage(letter, names);
  return { key: device ? keyOf(device) : null, tenant: device?.tenant ?? null, value };
}

function letterMessage(letter: DeadLetter, names: Names): Buffer {
  const device = letter.device === null ? undefined : names.device(letter.device);
  const metric = letter.metric === null ? undefined : names.metric(letter.metric);
  const message = new ProtobufWriter();
  const optional = (field: number, text: string | null | undefined) => void (text == null || message.text(field, text));
  message.varint(1, Number(letter.id));
  optional(2, device?.id);
  optional(3, device?.tenant);
  message
    .varint(4, letter.receivedAtMs * 1000)
    .text(5, letter.reason)
    .bytes(6, letter.payload);
  message.varint(7, letter.partition).varint(8, Number(letter.logOffset));
  optional(9, metric);
  optional(10, letter.sqlstate);
  optional(11, letter.message);
  return message.take();
}
