import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChaosPublisher } from './publisher.js';
import { type ChaosSite, signal } from './site.js';

/** What is done to an appliance under load. */
export interface Fault {
  readonly name: string;
  /** Strikes, and is over when it resolves, to what was done; the load goes on meanwhile. */
  strike(site: ChaosSite, publishers: readonly ChaosPublisher[], seconds: number): Promise<string>;
}

const hourMs = 3_600_000;
const stormRounds = 20;
const strangersPerRound = 50;

const quiet: Fault = {
  name: 'none',
  strike: async (_site, _publishers, seconds) => {
    await delay(seconds * 1000);
    return 'load alone, to compare with';
  },
};

const processKill: Fault = {
  name: 'process-kill',
  strike: async (site) => {
    await site.kill();
    const startMs = performance.now();
    await site.start();
    return `kill -9 of the appliance; ready again ${Math.round(performance.now() - startMs)} ms after its next start`;
  },
};

const databasePause: Fault = {
  name: 'database-pause',
  strike: async (site, _publishers, seconds) => {
    const pids = site.databasePids();
    try {
      for (const pid of pids) signal(pid, 'SIGSTOP');
      await delay(seconds * 1000);
    } finally {
      for (const pid of pids) signal(pid, 'SIGCONT');
    }
    return `SIGSTOP of ${pids.length} database processes for ${seconds.toFixed(1)} s`;
  },
};

const databaseKill: Fault = {
  name: 'database-kill',
  strike: async (site) => {
    const [postmaster] = site.databasePids();
    if (postmaster === undefined) return 'no database process was found';
    signal(postmaster, 'SIGKILL');
    return 'kill -9 of the database server; the appliance brings it up again';
  },
};

const duplicateFlood: Fault = {
  name: 'duplicate-flood',
  strike: async (_site, publishers, seconds) => {
    const endMs = performance.now() + seconds * 1000;
    let repeated = 0;
    do {
      for (const count of await Promise.all(publishers.map((publisher) => publisher.repeat()))) repeated += count;
    } while (performance.now() < endMs);
    return `${repeated} acknowledged messages were sent once more`;
  },
};

const reconnectStorm: Fault = {
  name: 'reconnect-storm',
  strike: async (site, publishers, seconds) => {
    for (let round = 0; round < stormRounds; round++) {
      for (const publisher of publishers) publisher.breakOff();
      for (let stranger = 0; stranger < strangersPerRound; stranger++) {
        const socket = connect({ host: '127.0.0.1', port: site.mqttPort }, () => socket.destroy());
        socket.on('error', () => {});
      }
      await delay((seconds * 1000) / stormRounds);
    }
    return `all clients cut off ${stormRounds} times, amid ${stormRounds * strangersPerRound} connections that say nothing`;
  },
};

/** The clock of this machine is not touched: to an appliance, devices whose clocks jump are the same fault seen from the other side. */
const clockJump: Fault = {
  name: 'clock-jump',
  strike: async (_site, publishers, seconds) => {
    for (const aheadMs of [6 * hourMs, -6 * hourMs, 0]) {
      for (const publisher of publishers) publisher.clockAheadMs = aheadMs;
      await delay((seconds * 1000) / 3);
    }
    return "the devices' clocks jump 6 h ahead, 12 h back, and right again; the system clock is not touched";
  },
};

export const faults: readonly Fault[] = [quiet, processKill, databasePause, databaseKill, duplicateFlood, reconnectStorm, clockJump];

/** What a run does not try, and why. */
export const notTried: readonly { readonly name: string; readonly why: string }[] = [
  { name: 'disk-full', why: 'a file system with a small quota cannot be made without administrator rights' },
  { name: 'broker-kill', why: 'there is no Kafka log to lose' },
];
