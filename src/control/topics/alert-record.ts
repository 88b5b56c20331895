import { type Alert, describeAlert } from '../alerts/alert.js';
import { ProtobufWriter } from './protobuf-writer.js';
import type { RecordFormat, TopicRecord } from './topic-record.js';

/** A change of an alert as a record of its topic: the document of the API, or the message Alert. */
export function alertRecord(alert: Alert, format: RecordFormat): TopicRecord {
  const value = format === 'json' ? Buffer.from(JSON.stringify(describeAlert(alert))) : alertMessage(alert);
  return { key: alert.node, tenant: null, value };
}

function alertMessage(alert: Alert): Buffer {
  const { id, rule, subject, severity, state, node, message, link } = describeAlert(alert);
  const written = new ProtobufWriter().text(1, id).text(2, rule).text(3, severity).text(4, state).text(5, node).text(6, message);
  written.varint(7, alert.raisedMs * 1000);
  if (alert.clearedMs !== null) written.varint(8, alert.clearedMs * 1000);
  if (subject !== null) written.text(9, subject);
  if (link !== null) written.text(10, link);
  return written.take();
}
