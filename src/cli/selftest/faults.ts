import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { LagAnswer } from '../../contract/answers/operation.js';
import type { ChaosPublisher } from './publisher.js';
import { type ChaosSite, signal } from './site.js';

/** What is done to an appliance under load. */
export interface Fault {
  readonly name: string;
  /** Causes the fault, and resolves when it is over; the load continues meanwhile. */
  strike(site: ChaosSite, publishers: readonly ChaosPublisher[], seconds: number): Promise<Strike>;
}

export interface Strike {
  readonly did: string;
  /** It struck nothing, so nothing was survived. */
  readonly missed?: true;
}

const hourMs = 3_600_000;
const stormRounds = 20;
const strangersPerRound = 50;
const noticeMsMax = 30_000;
const pollMs = 20;

const noDatabase: Strike = { did: 'no database process was found', missed: true };

const quiet: Fault = {
  name: 'none',
  strike: async (_site, _publishers, seconds) => {
    await delay(seconds * 1000);
    return { did: 'load alone, to compare with' };
  },
};

const processKill: Fault = {
  name: 'process-kill',
  strike: async (site) => {
    await site.kill();
    const startMs = performance.now();
    await site.start();
    return { did: `kill -9 of the appliance; ready again ${Math.round(performance.now() - startMs)} ms after its next start` };
  },
};

const databasePause: Fault = {
  name: 'database-pause',
  strike: async (site, _publishers, seconds) => {
    const pids = site.databasePids();
    if (pids.length === 0) return noDatabase;
    try {
      for (const pid of pids) signal(pid, 'SIGSTOP');
      await delay(seconds * 1000);
    } finally {
      for (const pid of pids) signal(pid, 'SIGCONT');
    }
    return { did: `SIGSTOP of ${pids.length} database processes for ${seconds.toFixed(1)} s` };
  },
};

const databaseKill: Fault = {
  name: 'database-kill',
  strike: async (site) => {
    const [postmaster] = site.databasePids();
    if (postmaster === undefined) return noDatabase;
    signal(postmaster, 'SIGKILL');
    return { did: 'kill -9 of the database server; the appliance brings it up again' };
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
    return { did: `${repeated} acknowledged messages were sent once more` };
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
    return { did: `all clients cut off ${stormRounds} times, amid ${stormRounds * strangersPerRound} connections that say nothing` };
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
    return { did: "the devices' clocks jump 6 h ahead, 12 h back, and right again; the system clock is not touched" };
  },
};

/** Strikes every appliance; the first is none. */
export const faults: readonly Fault[] = [quiet, processKill, databasePause, databaseKill, duplicateFlood, reconnectStorm, clockJump];

/** Strikes an appliance whose log is on a small disk. */
export const diskFull: Fault = {
  name: 'disk-full',
  strike: async (site, _publishers, seconds) => {
    const { disk } = site;
    const startMs = performance.now();
    disk.fill(site.pid);
    let told: string | undefined;
    try {
      told = await logTrouble(site);
      await delay(seconds * 1000);
    } finally {
      disk.free(site.pid);
    }
    const full = `${disk.filled} for ${((performance.now() - startMs) / 1000).toFixed(1)} s`;
    if (told === undefined) return { did: `${full}, and the appliance took no notice`, missed: true };
    return { did: `${full}; the appliance said of its log: ${told}` };
  },
};

/** What the appliance says of its log as soon as that fails; undefined: it does not. */
async function logTrouble(site: ChaosSite): Promise<string | undefined> {
  const deadlineMs = performance.now() + noticeMsMax;
  for (; performance.now() < deadlineMs; await delay(pollMs)) {
    const { log } = await site.api.get<LagAnswer>('/v1/pipeline/lag');
    if (log !== 'up') return log;
  }
  return undefined;
}

/** Strikes an appliance whose log is in Kafka. */
export const brokerKill: Fault = {
  name: 'broker-kill',
  strike: async ({ brokers }, _publishers, seconds) => {
    const [broker] = brokers?.nodes ?? [];
    if (!broker) return { did: 'no broker was found', missed: true };
    await broker.kill();
    await delay(seconds * 1000);
    await broker.start();
    return { did: `kill -9 of one of ${brokers?.nodes.length} Kafka brokers, which was started again ${seconds.toFixed(1)} s later` };
  },
};
