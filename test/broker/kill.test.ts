import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { BrokerToGateway, GatewayToBroker } from '../../src/contract/threads/broker.js';
import { until } from '../support/until.js';
import { ModelDevice } from './model-device.js';
import { ClientSite } from './site.js';

const KILLS = Number(process.env.CRASH_KILLS ?? 2);

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-broker-kill-'));
});
after(async () => {
  await Promise.all(started.map((site) => site.kill()));
  rmSync(folder, { recursive: true, force: true });
});

/** Those that a test that failed did not end. */
const started: KilledSite[] = [];

/** A broker thread in a process of its own, over the real store. */
class KilledSite extends ClientSite {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  isReady = false;

  constructor(store: string) {
    super();
    started.push(this);
    const script = fileURLToPath(new URL('./killed-process.js', import.meta.url));
    this.#child = fork(script, [store], { serialization: 'advanced', execArgv: [] });
    this.#exit = once(this.#child, 'exit');
    this.#child.on('message', (message: BrokerToGateway | { kind: 'ready' }) => {
      if (message.kind === 'ready') this.isReady = true;
      else this.gateways[0]?.postMessage(message);
    });
  }

  get settled(): number {
    return this.gateways[0]?.settled ?? 0;
  }

  receive(_: number, message: GatewayToBroker): void {
    if (this.#child.connected) this.#child.send(message);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exit;
  }
}

test('kill -9 loses nothing that was acknowledged and doubles nothing at QoS 2', async () => {
  const devices = [new ModelDevice('reads'), new ModelDevice('is away')];
  const [reader, absent] = devices as [ModelDevice, ModelDevice];
  let published = 0;
  let acknowledged = 0;
  for (let round = 0; round < KILLS; round++) {
    const site = new KilledSite(folder);
    await until('the thread is ready', () => site.isReady);
    for (const device of devices) {
      device.attach(site, false, 5);
      device.subscribe(2);
    }
    await until('both have subscribed', () => {
      for (const device of devices) device.read(1000);
      return devices.every(({ subscribed }) => subscribed === 'yes');
    });
    absent.detach(false);
    // Killed with messages under way in every stage.
    const settledMin = 20 + 7 * round;
    await until('enough is settled', () => {
      for (let burst = 0; burst < 3; burst++) {
        const [topic, payload] = [`a/${published % 2}`, String(++published)];
        const number = site.publish(topic, payload, { qos: 1 + (published % 2) });
        for (const device of devices) device.published({ number, topic, payload });
      }
      reader.read(3);
      return site.settled >= settledMin;
    });
    await site.kill();
    acknowledged += site.settled;
    for (const device of devices) {
      device.crashed(site.settled);
      device.renumbered();
    }
  }
  const site = new KilledSite(folder);
  await until('the thread is ready', () => site.isReady);
  for (const device of devices) device.attach(site, false, 50);
  await until('everything was read', () => {
    for (const device of devices) device.read(1000);
    return devices.every(({ missing }) => missing.length === 0);
  });
  await site.kill();
  for (const device of devices) device.check();
  assert.ok(acknowledged >= 20 * KILLS);
});
