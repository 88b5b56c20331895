import { once } from 'node:events';
import mqtt, { type IPublishPacket } from 'mqtt';
import postgres from 'postgres';

/**
 * What people put between a broker and PostgreSQL: subscribe, parse, gather rows, COPY them as text every 200 ms
 * or 20,000 rows. A message is acknowledged to the broker when its row is in memory, and nothing is deduplicated.
 * Tells its parent how many rows are committed.
 */
const rowsMax = 20_000;
const ageMsMax = 200;
const [port, qos, databaseUrl, table] = process.argv.slice(2);
const sql = postgres(databaseUrl!, { max: 1, onnotice: () => undefined });
const metricNumbers = new Map([
  ['temp', 1],
  ['load', 2],
]);

let lines: string[] = [];
let committed = 0;
let flushing: Promise<void> | undefined;

function take(packet: IPublishPacket): void {
  const device = Number(packet.topic.split('/')[1]!.slice('dev-'.length));
  const { ts, metrics } = JSON.parse(packet.payload.toString()) as { ts: number; metrics: Record<string, number> };
  const time = new Date(ts).toISOString();
  for (const [name, value] of Object.entries(metrics)) lines.push(`${device}\t${metricNumbers.get(name)}\t${time}\t${value}\n`);
}

async function flush(): Promise<void> {
  const rows = lines;
  lines = [];
  const stream = await sql.unsafe(`copy ${table} (device_id, metric_id, ts, value) from stdin`).writable();
  const finished = once(stream, 'finish');
  stream.end(rows.join(''));
  await finished;
  committed += rows.length;
  process.send!({ committed });
}

/** One COPY at a time. */
function flushAll(): Promise<void> {
  flushing ??= flush().finally(() => {
    flushing = undefined;
  });
  return flushing;
}

const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: 'copy-bridge', protocolVersion: 4 });
client.handleMessage = (packet, done) => {
  take(packet);
  // While rows wait for a COPY no more are taken: memory stays bounded.
  if (lines.length >= rowsMax) flushAll().then(() => done(), done);
  else done();
};
setInterval(() => {
  if (lines.length > 0) flushAll();
}, ageMsMax);
await client.subscribeAsync('devices/+/telemetry', { qos: Number(qos) as 0 | 1 });
process.send!({ committed });
process.on('disconnect', () => process.exit());
