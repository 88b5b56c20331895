import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { kafkaJars } from './jars.js';

const START_MS_MAX = 60_000;
const run = promisify(execFile);
/** Starts soon and takes little memory; no measure of what a broker can do. */
const QUICK = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
const SAYS_STARTED = 'Kafka Server started';

/** A real broker on loopback, controller included. */
export class Broker {
  readonly address: string;
  readonly #javaOptions: readonly string[];
  readonly #properties: string;
  #child: ChildProcess | undefined;
  #output = '';

  constructor(address: string, jars: string, properties: string, java: readonly string[]) {
    this.address = address;
    this.#properties = properties;
    const loggers = ['defaultLogLevel=warn', 'log.kafka.server.KafkaRaftServer=info'].map((option) => `-Dorg.slf4j.simpleLogger.${option}`);
    this.#javaOptions = [...java, ...loggers, '-cp', `${jars}/*`];
  }

  /** Of its process; undefined before it was started. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async format(clusterId: string): Promise<void> {
    await run('java', [...this.#javaOptions, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', this.#properties]);
  }

  /** Resolves when it serves. */
  async start(): Promise<void> {
    const child = spawn('java', [...this.#javaOptions, 'kafka.Kafka', this.#properties], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.#output = '';
    // A process that ends must not leave a broker running.
    const killWithParent = () => child.kill('SIGKILL');
    process.once('exit', killWithParent);
    child.once('exit', () => process.off('exit', killWithParent));
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`a broker did not start in ${START_MS_MAX} ms\n${this.#output}`)), START_MS_MAX);
      const hear = (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString()).slice(-16_384);
        if (this.#output.includes(SAYS_STARTED)) resolve();
      };
      child.stdout?.on('data', hear);
      child.stderr?.on('data', hear);
      child.once('exit', (code) => reject(new Error(`a broker ended with ${code}\n${this.#output}`)));
      child.once('exit', () => clearTimeout(late));
    });
  }

  /** SIGKILL, as a crash. Its data stay. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  /** Stands still with its connections open, as a machine that hangs. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }
}

export interface Brokers {
  /** `host:port,…` */
  readonly addresses: string;
  readonly nodes: readonly Broker[];
  /** Ends them and removes their data. */
  stop(): Promise<void>;
}

/** Starts a cluster of real brokers; answers why when this machine has no Java or cannot fetch them. */
export async function startBrokers(count: 1 | 3, java: readonly string[] = QUICK): Promise<Brokers | { readonly missing: string }> {
  const jars = await kafkaJars();
  if ('missing' in jars) return jars;
  const folder = mkdtempSync(join(tmpdir(), 'spillway-kafka-'));
  const ports = await freePorts(2 * count);
  const voters = Array.from({ length: count }, (_, index) => `${index + 1}@127.0.0.1:${ports[count + index]}`).join(',');
  const nodes = Array.from({ length: count }, (_, index) => {
    const port = ports[index] as number;
    const path = join(folder, `broker-${index + 1}.properties`);
    mkdirSync(join(folder, String(index + 1)));
    writeFileSync(path, properties({ id: index + 1, port, controllerPort: ports[count + index] as number, voters, count, folder }));
    return new Broker(`127.0.0.1:${port}`, jars.folder, path, java);
  });
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.kill()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    // 22 characters of base64url, and none of them the dash of an option.
    const clusterId = randomBytes(11).toString('hex');
    await Promise.all(nodes.map((node) => node.format(clusterId)));
    await Promise.all(nodes.map((node) => node.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return { addresses: nodes.map(({ address }) => address).join(','), nodes, stop };
}

interface Node {
  readonly id: number;
  readonly port: number;
  readonly controllerPort: number;
  readonly voters: string;
  readonly count: number;
  readonly folder: string;
}

function properties({ id, port, controllerPort, voters, count, folder }: Node): string {
  return [
    'process.roles=broker,controller',
    `node.id=${id}`,
    `controller.quorum.voters=${voters}`,
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names=CONTROLLER',
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    `log.dirs=${join(folder, String(id))}`,
    `default.replication.factor=${count}`,
    `offsets.topic.replication.factor=${count}`,
    'offsets.topic.num.partitions=1',
    'group.initial.rebalance.delay.ms=0',
    'group.min.session.timeout.ms=1000',
    'auto.create.topics.enable=false',
    // What is deleted is gone at once, and its room free again.
    'log.segment.delete.delay.ms=0',
    // A killed broker is noticed in seconds, so that a test of it need not last a minute.
    'broker.session.timeout.ms=3000',
    'broker.heartbeat.interval.ms=500',
    'replica.lag.time.max.ms=3000',
    '',
  ].join('\n');
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
