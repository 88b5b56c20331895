import { fork } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { makeTwin } from '../copy-twin.js';
import type { BenchDatabase } from '../database.js';
import { Load, type LoadShape } from '../load/load.js';
import { metricNames } from '../load/messages.js';
import { rounded, roundedOrNull } from '../median.js';
import { familyCpuSeconds, processCpuSeconds } from '../process-cpu.js';
import { targetAt } from '../served.js';
import { endChild, firstMessage } from './aedes.js';
import type { Mosquitto } from './mosquitto.js';

/** What broker, bridge and database did together; rows that are missing were lost on the way. */
export interface Bridged {
  readonly messages: number;
  readonly messagesPerSecond: number;
  readonly rows: number;
  readonly rowsExpected: number;
  readonly cpuUsPerMessage: number | null;
  readonly brokerCpuUsPerMessage: number | null;
  readonly bridgeCpuUsPerMessage: number | null;
  readonly databaseCpuUsPerMessage: number | null;
}

const table = 'bench_bridge';
/** Rows that do not come within this time do not come. */
const stallMsMax = 5000;

/** Loads a broker whose one subscriber copies rows into a table laid out as `readings`; until the last row is committed. */
export async function loadBridge(broker: Mosquitto, database: BenchDatabase, shape: LoadShape): Promise<Bridged> {
  await makeTwin(database.sql, table);
  const program = fileURLToPath(new URL('./copy-bridge.js', import.meta.url));
  const args = [String(broker.port), String(shape.qos), database.url, table];
  const child = fork(program, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  try {
    await firstMessage(child, 'the bridge');
    const progress = { committed: 0, atMs: 0 };
    child.on('message', ({ committed }: { committed: number }) => {
      Object.assign(progress, { committed, atMs: performance.timeOrigin + performance.now() });
    });
    const databasePid = await database.localPid();
    const cpu = () => [
      processCpuSeconds(broker.pid),
      processCpuSeconds(child.pid!),
      databasePid === null ? null : familyCpuSeconds(databasePid),
    ];
    const before = cpu();
    const load = await Load.open(targetAt(broker.port), shape);
    const done = await load.go().finally(() => load.end());
    const rowsExpected = done.messages * metricNames.length;
    progress.atMs = Math.max(progress.atMs, done.settledMs);
    while (progress.committed < rowsExpected && performance.timeOrigin + performance.now() - progress.atMs < stallMsMax) await delay(10);
    const after = cpu();
    const each = after.map((seconds, index) => roundedOrNull(((seconds! - before[index]!) * 1e6) / done.messages));
    const [counted] = await database.sql.unsafe(`select count(*) as rows from ${table}`);
    return {
      messages: done.messages,
      messagesPerSecond: Math.round(done.messages / ((progress.atMs - done.firstSendMs) / 1000)),
      rows: Number(counted?.rows),
      rowsExpected,
      cpuUsPerMessage: each.every((one) => one !== null) ? rounded(each.reduce((sum, one) => sum + (one ?? 0), 0)) : null,
      brokerCpuUsPerMessage: each[0] ?? null,
      bridgeCpuUsPerMessage: each[1] ?? null,
      databaseCpuUsPerMessage: each[2] ?? null,
    };
  } finally {
    await endChild(child);
    await database.sql.unsafe(`drop table ${table}`);
  }
}
