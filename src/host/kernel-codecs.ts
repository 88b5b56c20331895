import {
  CODEC_ANSWER_AT_CODE,
  CODEC_ANSWER_AT_ITEMS,
  CODEC_ANSWER_AT_ITEMS_BYTES,
  CODEC_ANSWER_AT_PAYLOAD,
  CODEC_ANSWER_BYTES,
  CODEC_ANSWERS_AT,
  CODEC_ITEMS_AT,
  CODEC_ITEMS_BYTES_MAX,
  WANTED_CODEC_AT_NUMBER,
  WANTED_CODEC_AT_PAYLOAD,
  WANTED_CODEC_AT_PAYLOAD_BYTES,
  WANTED_CODEC_AT_RECEIVE_US,
  WANTED_CODEC_BYTES,
  WANTED_CODECS_AT,
} from '../../assembly/abi/codecs.js';
import { CODE_NONE } from '../../assembly/abi/codes.js';
import { CODEC_ANSWERS_BYTES, CODEC_ANSWERS_OFFSET, WANTED_CODECS_OFFSET } from '../../assembly/abi/pipeline.js';
import type { CodecPlan, CodecRuns as Runs } from '../contract/codecs/codec-plan.js';
import { CodecInstance } from './codec-instance.js';
import { CodecOutput } from './codec-output.js';
import type { KernelMemory } from './kernel.js';

/** Instances that one kernel keeps: each has a memory of its own. */
const INSTANCES_MAX = 64;

interface Counted {
  runs: number;
  fuel: number;
  readonly failures: Map<number, number>;
}

/** Runs codecs for one kernel, and counts what they take. */
export class KernelCodecs {
  readonly #memory: KernelMemory;
  readonly #output: CodecOutput;
  readonly #plans = new Map<number, CodecPlan>();
  /** The one that was made first comes first. */
  readonly #instances = new Map<number, CodecInstance>();
  readonly #counted = new Map<number, Counted>();
  readonly #nameOf: (code: number) => string;

  /** `nameOf`: name of a code. */
  constructor(memory: KernelMemory, nameOf: (code: number) => string) {
    this.#memory = memory;
    this.#output = new CodecOutput(memory.bytes);
    this.#nameOf = nameOf;
  }

  add(plans: Iterable<CodecPlan>): void {
    for (const plan of plans) this.#plans.set(plan.number, plan);
  }

  /** Lays answers to the messages that the kernel listed, as many as there is room for. */
  answer(): void {
    const { view } = this.#memory;
    const wanted = view.getUint32(WANTED_CODECS_OFFSET, true);
    let itemsAt: number = CODEC_ANSWERS_OFFSET + CODEC_ITEMS_AT;
    let answered = 0;
    for (; answered < wanted && itemsAt + CODEC_ITEMS_BYTES_MAX <= CODEC_ANSWERS_OFFSET + CODEC_ANSWERS_BYTES; answered++) {
      const entry = WANTED_CODECS_OFFSET + WANTED_CODECS_AT + answered * WANTED_CODEC_BYTES;
      const answer = CODEC_ANSWERS_OFFSET + CODEC_ANSWERS_AT + answered * CODEC_ANSWER_BYTES;
      this.#output.begin(itemsAt);
      const code = this.#run(entry);
      view.setUint32(answer + CODEC_ANSWER_AT_PAYLOAD, view.getUint32(entry + WANTED_CODEC_AT_PAYLOAD, true), true);
      view.setUint32(answer + CODEC_ANSWER_AT_CODE, code, true);
      view.setUint32(answer + CODEC_ANSWER_AT_ITEMS, itemsAt, true);
      view.setUint32(answer + CODEC_ANSWER_AT_ITEMS_BYTES, this.#output.length, true);
      if (code === CODE_NONE) itemsAt += this.#output.length;
    }
    view.setUint32(CODEC_ANSWERS_OFFSET, answered, true);
  }

  /** What ran since the last call; undefined: nothing did. */
  take(): Runs[] | undefined {
    if (this.#counted.size === 0) return undefined;
    const taken = [...this.#counted].map(([number, { runs, fuel, failures }]) => ({
      number,
      name: this.#planOf(number).name,
      runs,
      fuel,
      failures: Object.fromEntries([...failures].map(([code, times]) => [this.#nameOf(code), times])),
    }));
    this.#counted.clear();
    return taken;
  }

  #run(entry: number): number {
    const { view, bytes } = this.#memory;
    const number = view.getUint32(entry + WANTED_CODEC_AT_NUMBER, true);
    const at = view.getUint32(entry + WANTED_CODEC_AT_PAYLOAD, true);
    const length = view.getUint32(entry + WANTED_CODEC_AT_PAYLOAD_BYTES, true);
    const receivedUs = Number(view.getBigUint64(entry + WANTED_CODEC_AT_RECEIVE_US, true));
    const instance = this.#instanceOf(number);
    const code = instance.run(bytes.subarray(at, at + length), receivedUs);
    const counted = this.#counted.get(number) ?? { runs: 0, fuel: 0, failures: new Map() };
    this.#counted.set(number, counted);
    counted.runs++;
    counted.fuel += instance.fuelUsed;
    if (code !== CODE_NONE) counted.failures.set(code, (counted.failures.get(code) ?? 0) + 1);
    return code;
  }

  #instanceOf(number: number): CodecInstance {
    const known = this.#instances.get(number);
    if (known) return known;
    const [oldest] = this.#instances.keys();
    if (oldest !== undefined && this.#instances.size === INSTANCES_MAX) this.#instances.delete(oldest);
    const made = new CodecInstance(this.#planOf(number), this.#output);
    this.#instances.set(number, made);
    return made;
  }

  #planOf(number: number): CodecPlan {
    const plan = this.#plans.get(number);
    if (!plan) throw new Error(`codec ${number} was not laid with the schema that names it`);
    return plan;
  }
}
