import assert from 'node:assert/strict';
import { type DiskCall, type Fault, Halted, ModelDisk } from '../log/file/model-disk.js';
import { Random } from '../support/random.js';
import { Fleet } from './fleet.js';
import { ModelStore } from './model-store.js';
import { SimulatedAppliance } from './simulated-appliance.js';

/** The first message's time, µs. */
const BEGIN_US = 1_800_000_000_000_000;
const STEP_US_MAX = 1_500_000;
const RETENTION_US = 80_000_000;
/** Devices repeat nothing that they sent longer ago: half of what the log keeps of a device at the least. */
const REPEATABLE_US = 30_000_000;
const STEPS = 250;
/** A run that is not done after this many rounds without a fault will never be. */
const DRAIN_ROUNDS_MAX = 2000;

/** What a seed makes of one run. */
interface Plan {
  readonly partitions: number;
  readonly gateways: number;
  readonly devices: number;
  /** Chances of a fault in one call of the disk, by kind. */
  readonly failing: number;
  readonly short: number;
  readonly halting: number;
  /** Chance of an end of the process in one step, between two calls. */
  readonly killing: number;
  /** Chance that the store refuses, and that its answer is lost. */
  readonly refusing: number;
  readonly logBytesMax: number;
}

function planOf(random: Random): Plan {
  const isCalm = random.chance(0.2);
  return {
    partitions: random.int(1, 2),
    gateways: random.int(1, 2),
    devices: random.int(1, 5),
    failing: isCalm ? 0 : random.pick([0, 0.01, 0.05]),
    short: random.pick([0, 0.1]),
    halting: isCalm ? 0 : random.pick([0.002, 0.01]),
    killing: random.pick([0, 0.01]),
    refusing: random.pick([0, 0.1, 0.5]),
    logBytesMax: random.pick([3000, 10_000, 1e9]),
  };
}

/** What a run came to, for the report. */
export interface Outcome {
  readonly sent: number;
  readonly lives: number;
  readonly calls: number;
}

/**
 * The log, the kernels and a store in one thread, with everything that happens chosen by a seed: what devices send,
 * who gets to run, which call of the disk fails, and when process or power end. `haltAt`: halt at that call too.
 */
export class Simulation {
  readonly trace: string[] = [];
  readonly #random: Random;
  readonly #plan: Plan;
  readonly #disk = new ModelDisk();
  readonly #store: ModelStore;
  readonly #fleet: Fleet;
  readonly #haltAt: number;
  /** The highest offset that was ever said to be durable, by partition. */
  readonly #durable: bigint[];
  #appliance: SimulatedAppliance | undefined;
  #nowUs = BEGIN_US;
  #lives = 0;
  #isCalm = false;

  constructor(seed: number, haltAt = 0) {
    this.#random = new Random(seed);
    this.#plan = planOf(this.#random);
    this.#store = new ModelStore(this.#plan.partitions);
    this.#fleet = new Fleet(this.#plan.devices);
    this.#durable = this.#store.offsets.map(() => 0n);
    this.#haltAt = haltAt;
    this.#disk.fault = (call) => this.#fault(call);
  }

  /** Throws an AssertionError when something acknowledged is missing, anything is there twice, or an account is off. */
  run(): Outcome {
    for (let step = 0; step < STEPS; step++) this.#guard(() => this.#step());
    const { calls } = this.#disk;
    this.#isCalm = true;
    this.#disk.room = Number.POSITIVE_INFINITY;
    this.#drain();
    this.#verify();
    // Once more from what a power failure leaves: nothing may be read into the store a second time.
    this.#end('power');
    this.#drain();
    this.#verify();
    return { sent: this.#fleet.devices.reduce((sum, { sent }) => sum + sent.size, 0), lives: this.#lives, calls };
  }

  /** Runs a part of a life; a halt or a failing disk where the process has no answer to it ends that life. */
  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (error instanceof Halted) this.#end(this.#random.chance(0.5) ? 'power' : 'process');
      else if ((error as NodeJS.ErrnoException).syscall !== undefined) this.#end('process');
      else throw error;
    }
  }

  #step(): void {
    this.#nowUs += this.#random.int(1, STEP_US_MAX);
    if (this.#random.chance(this.#plan.killing)) this.#end(this.#random.chance(0.5) ? 'power' : 'process');
    if (this.#random.chance(0.02)) this.#disk.room = this.#random.int(0, 1500);
    if (this.#random.chance(0.1)) this.#disk.room = Number.POSITIVE_INFINITY;
    const appliance = this.#living();
    const partition = this.#random.below(this.#plan.partitions);
    const act = this.#random.word() % 100;
    if (act < 40) this.#send(appliance);
    else if (act < 55) this.#random.pick(appliance.gateways).push(partition);
    else if (act < 68) this.#appendToLog(appliance);
    else if (act < 78) this.#acknowledge(appliance);
    else if (act < 84) appliance.pipelineStep(partition, this.#nowUs / 1000);
    else if (act < 88) appliance.answerMetrics(partition);
    else if (act < 91) appliance.sealBatch(partition);
    else if (act < 97) appliance.storeStep(partition, this.#storeAnswer());
    else appliance.removeOld(this.#retentionUs());
  }

  #living(): SimulatedAppliance {
    if (this.#appliance) return this.#appliance;
    const { gateways, logBytesMax } = this.#plan;
    const retentionHours = RETENTION_US / 3_600_000_000;
    const trace = (line: string) => this.#note(line);
    this.#lives++;
    trace(`life ${this.#lives} begins, committed is ${this.#store.offsets}`);
    this.#appliance = new SimulatedAppliance({ disk: this.#disk, store: this.#store, gateways, retentionHours, logBytesMax, trace });
    this.#watchOffsets(this.#appliance);
    return this.#appliance;
  }

  #end(by: 'power' | 'process'): void {
    this.#note(`the ${by} ends at call ${this.#disk.calls}`);
    this.#appliance?.assertAccounts();
    this.#appliance = undefined;
    if (by === 'power') this.#disk.crash(this.#random);
    else this.#disk.kill();
  }

  #note(line: string): void {
    this.trace.push(`${(this.#nowUs - BEGIN_US) / 1e6}: ${line}`);
  }

  #send(appliance: SimulatedAppliance): void {
    const message = this.#fleet.send(this.#random, this.#nowUs, this.#nowUs - REPEATABLE_US);
    if (message && this.#random.pick(appliance.gateways).receive(message, ++this.#nowUs))
      this.#note(`${message.device}/${message.seq} comes`);
  }

  /** A device without an answer repeats for as long as it takes: for retention, time stands still then. */
  #retentionUs(): number {
    return this.#fleet.unanswered.reduce((oldest, { sentUs }) => Math.min(oldest, sentUs + REPEATABLE_US), this.#nowUs);
  }

  #appendToLog(appliance: SimulatedAppliance): void {
    appliance.appendToLog();
    this.#watchOffsets(appliance);
  }

  /** An offset that was durable once is never given out again, whatever happens. */
  #watchOffsets(appliance: SimulatedAppliance): void {
    this.#durable.forEach((before, partition) => {
      const durable = appliance.durable(partition);
      assert.ok(durable >= before, `partition ${partition} was durable up to ${before} and is up to ${durable}`);
      this.#durable[partition] = durable;
    });
  }

  /** The answer reaches the device, or is lost on the way. */
  #acknowledge(appliance: SimulatedAppliance): void {
    for (const gateway of appliance.gateways) {
      for (const message of gateway.takeDurable()) if (this.#isCalm || !this.#random.chance(0.1)) this.#fleet.acknowledge(message);
    }
  }

  #storeAnswer(): 'commits' | 'refuses' | 'loses the answer' {
    if (!this.#random.chance(this.#plan.refusing)) return 'commits';
    return this.#random.chance(0.5) ? 'refuses' : 'loses the answer';
  }

  #fault(call: DiskCall): Fault | undefined {
    if (this.#haltAt > 0 && this.#disk.calls === this.#haltAt)
      return { kind: 'halt', effect: this.#random.pick(['none', 'done'] as const) };
    if (this.#isCalm) return undefined;
    if (this.#random.chance(this.#plan.halting)) return { kind: 'halt', effect: this.#random.pick(['none', 'done'] as const) };
    if (this.#random.chance(this.#plan.failing))
      return { kind: 'fail', code: call === 'write' ? this.#random.pick(['ENOSPC', 'EIO', 'EDQUOT'] as const) : 'EIO' };
    if (call === 'write' && this.#random.chance(this.#plan.short)) return { kind: 'short' };
    return undefined;
  }

  /** No fault any more: the devices repeat until they are answered, and all of it is committed. */
  #drain(): void {
    for (let round = 0; round < DRAIN_ROUNDS_MAX; round++) {
      const appliance = this.#living();
      for (const message of this.#fleet.unanswered) appliance.gateways[0]?.receive(message, ++this.#nowUs);
      for (let partition = 0; partition < this.#plan.partitions; partition++) {
        for (const gateway of appliance.gateways) gateway.push(partition);
        this.#appendToLog(appliance);
        this.#acknowledge(appliance);
        appliance.pipelineStep(partition, this.#nowUs / 1000);
        appliance.answerMetrics(partition);
        appliance.sealBatch(partition);
        appliance.storeStep(partition, 'commits');
      }
      if (this.#fleet.unanswered.length === 0 && appliance.drained) return;
    }
    assert.fail('the appliance does not come to an end of its work');
  }

  #verify(): void {
    this.#appliance?.assertAccounts();
    const { rows, deads } = this.#store;
    const expected = new Set<string>();
    const malformed = new Set<string>();
    for (const device of this.#fleet.devices) {
      for (const { seq, kind, payload } of device.sent.values()) {
        assert.ok(device.acknowledged.has(seq));
        if (kind === 'malformed') malformed.add(payload);
        else for (const metric of [`n/${seq}`, `twin/${-seq}`]) expected.add(`${device.number}/${metric}`);
        if (kind === 'text') expected.add(`${device.number}/label/t${seq}`);
      }
    }
    for (const row of expected) assert.equal(rows.get(row), 1, `${row} was acknowledged and is there ${rows.get(row) ?? 0} times`);
    assert.equal(rows.size, expected.size, 'nothing is there that was not sent');
    for (const [key, payloads] of deads) assert.equal(payloads.length, 1, `the dead letter ${key} is there ${payloads.length} times`);
    const found = new Set([...deads.values()].flat());
    assert.deepEqual([...found].sort(), [...malformed].sort(), 'every malformed message is a dead letter');
  }
}
