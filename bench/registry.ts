import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import postgres from 'postgres';
import { GATEWAY_END } from '../assembly/abi/gateway.js';
import { ChangeFeed } from '../src/control/changes/change-feed.js';
import { Registry } from '../src/control/registry/registry.js';
import { Directory } from '../src/gateway/directory.js';
import type { GatewayKernel } from '../src/gateway/kernel.js';
import { KernelMemory, kernelMemory, loadKernel } from '../src/host/kernel.js';
import { ControlDatabase } from '../src/store/control-database.js';
import { startEmbedded } from '../src/store/embedded/embedded.js';
import { migrate } from '../src/store/schema/migrate.js';
import { type BenchCommand, isProgram, runCommand } from './command.js';
import type { Figures } from './median.js';
import { memoryOf } from './memory.js';

const help = `npm run -s bench:registry -- [--json] [--runs N] [--devices N] [--changes N]

Puts devices with class, firmware, model, serial number, tags and groups into a database of its own, loads them as a start does, fills the
directory of a gateway, searches, and measures how long a change takes to reach another process's registry.

  --devices 1000000   --changes 20`;

interface Settings {
  readonly devices: number;
  readonly changes: number;
}

const TENANT = 'fleet';
const PARTITIONS = 4;

async function run({ devices, changes }: Settings, say: (text: string) => void) {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-bench-registry-'));
  const server = await startEmbedded(folder, { sync: false });
  try {
    const sql = postgres(server.url, { max: 1, onnotice: () => undefined });
    await migrate(sql);
    await fill(sql, devices);
    await sql.end();
    return await measure(server.url, devices, changes, say);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(url: string, devices: number, changes: number, say: (text: string) => void) {
  const [database, other] = [controlDatabase(url), controlDatabase(url)];
  try {
    const loaded = await grown(() => load(database, 'one'));
    const { registry } = loaded.made;
    say(
      `${devices} devices loaded in ${(loaded.ms / 1000).toFixed(1)} s, ${mib(loaded.bytes)} MiB (resident ${mib(loaded.residentBytes)} more)`,
    );
    const filled = await grown(() => fillDirectory(registry));
    say(`a gateway's directory: ${(filled.ms / 1000).toFixed(1)} s, ${mib(filled.bytes)} MiB (resident ${mib(filled.residentBytes)} more)`);
    const searches = await search(registry);
    const second = await load(other, 'two');
    const changed: number[] = [];
    for (let at = 0; at < changes; at++) changed.push(await change(registry, second, at));
    loaded.made.stop();
    second.stop();
    const figures = {
      devices,
      loadSeconds: loaded.ms / 1000,
      loadCpuSeconds: loaded.cpuMs / 1000,
      registryMib: mib(loaded.bytes),
      registryResidentMib: mib(loaded.residentBytes),
      directorySeconds: filled.ms / 1000,
      directoryMib: mib(filled.bytes),
      directoryResidentMib: mib(filled.residentBytes),
      searchMs: searches.ms,
      changeMsMax: Math.max(...changed),
      changeMsMedian: changed.sort((a, b) => a - b)[changed.length >> 1] ?? 0,
    };
    const isWhole = registry.size === devices && filled.made === devices && searches.found === Math.ceil(devices / 10);
    return { figures: figures as Figures, wrong: isWhole ? undefined : 'a device is missing' };
  } finally {
    await Promise.all([database.close(), other.close()]);
  }
}

function controlDatabase(url: string): ControlDatabase {
  return new ControlDatabase(url, () => {});
}

/** A process's registry, which follows the others. */
async function load(database: ControlDatabase, name: string) {
  const changes = new ChangeFeed(database, name);
  const published = new Map<number, string>();
  const registry = await Registry.load({
    database,
    publish: async (entries) => {
      for (const { number, status } of entries) published.set(number, status);
    },
    retract: async () => {},
    tell: (from, to) => changes.tell({ kind: 'devices', from, to }),
  });
  const changed = async (change: { kind: string; from?: number; to?: number }) => {
    if (change.kind === 'devices') await registry.refresh(change.from, change.to);
  };
  const stop = await changes.follow({ changed, missed: async () => {} }, () => {});
  return { registry, published, stop };
}

/** From the call until the other process's gateways have it, ms. */
async function change(registry: Registry, { published }: { published: ReadonlyMap<number, string> }, at: number): Promise<number> {
  const [device] = registry.list(TENANT, `d-${String(at * 31).padStart(9, '0')}`, 1);
  const status = device!.status === 'active' ? 'quarantined' : 'active';
  const startMs = performance.now();
  await registry.update(device!, { status });
  while (published.get(device!.number) !== status) await new Promise((resolve) => setTimeout(resolve, 1));
  return performance.now() - startMs;
}

/** A search that has to look at every device. */
async function search(registry: Registry): Promise<{ ms: number; found: number }> {
  const startMs = performance.now();
  const matches = ({ details }: { details: { tags: Readonly<Record<string, string>> } }) => details.tags.line === '7';
  const { matched } = await registry.search(TENANT, matches, { after: undefined, limit: 100, isCounted: true });
  return { ms: performance.now() - startMs, found: matched ?? 0 };
}

async function fillDirectory(registry: Registry): Promise<number> {
  const memory = kernelMemory(GATEWAY_END);
  const kernel = loadKernel<GatewayKernel>('gateway', memory);
  kernel.initSlots(PARTITIONS);
  const directory = new Directory(kernel, new KernelMemory(memory), PARTITIONS);
  let taken = 0;
  for (const entry of registry.entries()) if (directory.put(entry) !== undefined) taken++;
  held.push(directory);
  return taken;
}

/** What is measured stays until the end. */
const held: unknown[] = [];

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

async function grown<Made>(
  make: () => Promise<Made>,
): Promise<{ made: Made; ms: number; cpuMs: number; bytes: number; residentBytes: number }> {
  collect();
  const before = used();
  const resident = memoryOf(process.pid).anonymous;
  const startMs = performance.now();
  const startCpu = process.cpuUsage();
  const made = await make();
  const ms = performance.now() - startMs;
  const { user, system } = process.cpuUsage(startCpu);
  collect();
  return { made, ms, cpuMs: (user + system) / 1000, bytes: used() - before, residentBytes: memoryOf(process.pid).anonymous - resident };
}

function used(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function mib(bytes: number): number {
  return Math.round(bytes / 1048576);
}

/** Each device has a serial number of its own; the rest is what fleets have in common. */
async function fill(sql: postgres.Sql, devices: number): Promise<void> {
  await sql`insert into device_groups (tenant_id, name) select ${TENANT}, 'site-' || g from generate_series(1, 200) g`;
  await sql`
    insert into devices (tenant_id, name, device_class, token_hash, firmware_version, model, serial, owner, tags, group_ids, location)
    select ${TENANT}, 'd-' || lpad(n::text, 9, '0'), 'class-' || n % 10, sha256(n::text::bytea) || substr(sha256(n::text::bytea), 1, 8), '1.' || n % 7, 'model-' || n % 20,
      'SN' || n, 'owner-' || n % 50, jsonb_build_object('line', (n % 10)::text, 'site', (n % 100)::text), array[1 + n % 200],
      case when n % 10 = 0 then jsonb_build_object('lat', n % 90 + 0.5, 'lon', n % 180 + 0.25) end
    from generate_series(0, ${devices - 1}::int) n`;
}

const command: BenchCommand<Settings> = {
  name: 'bench:registry',
  help,
  options: ['devices', 'changes'],
  settingsOf: (options) => ({
    devices: options.whole('devices', 1_000_000, 100, 1_048_576),
    changes: options.whole('changes', 20, 1, 1000),
  }),
  run,
  describe: (figures) =>
    `${figures.devices} devices: load ${figures.loadSeconds} s (${figures.loadCpuSeconds} s of CPU), registry ${figures.registryMib} MiB, directory ${figures.directoryMib} MiB a gateway, ` +
    `search over all ${figures.searchMs} ms, change at another process after ${figures.changeMsMedian} ms (worst ${figures.changeMsMax} ms)`,
};

if (isProgram(import.meta.url)) process.exitCode = await runCommand(command, process.argv.slice(2));
