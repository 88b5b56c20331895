import type { DataPlane } from '../../contract/data-plane.js';
import { partitionOf } from '../../contract/partition.js';
import type { Report } from '../../telemetry/report.js';
import type { DeviceShare, ProcessBooks } from '../ledger/shares.js';
import type { deploymentEvents } from './events.js';
import { answerOf, type LatestAnswer, type Question } from './messages.js';

/** Questions that are answered at a time; beyond it they get no answer. */
const ANSWERING_MAX = 32;

export interface AnswersOptions {
  readonly plane: Pick<DataPlane, 'latest'>;
  readonly partitions: number;
  /** The books of this process. */
  readonly ledger: () => { share(device: number): Promise<DeviceShare>; books(): Promise<ProcessBooks> };
  /** False: it was not sent. */
  readonly send: (to: string, token: number, answer: unknown) => boolean;
  readonly event: Report<keyof typeof deploymentEvents>;
}

/** Answers what other processes ask, from what this one runs. */
export class Answers {
  readonly #options: AnswersOptions;
  #answering = 0;

  constructor(options: AnswersOptions) {
    this.#options = options;
  }

  async reply(to: string, token: number, question: Question): Promise<void> {
    if (this.#answering >= ANSWERING_MAX) return;
    this.#answering++;
    try {
      const answer = await this.#answer(question);
      if (answer === undefined || this.#options.send(to, token, answer)) return;
      this.#failed(question, 'the answer is too long, or too much waits for the database');
    } catch (error) {
      this.#failed(question, (error as Error).message);
    } finally {
      this.#answering--;
    }
  }

  async #answer(question: Question): Promise<unknown> {
    const { ledger } = this.#options;
    if (question.about === 'device') return ledger().share(question.device);
    return question.about === 'books' ? ledger().books() : this.#latest(question.devices);
  }

  /** Undefined: none of the partitions is run here, so it is not for this process to answer. */
  async #latest(devices: readonly number[]): Promise<LatestAnswer | undefined> {
    const known = await this.#options.plane.latest(devices);
    const asked = new Set(devices.map((device) => partitionOf(device, this.#options.partitions)));
    const partitions = [...asked].filter((partition) => !known.notRunning.includes(partition));
    return partitions.length === 0 ? undefined : answerOf(known, partitions);
  }

  #failed({ about }: Question, cause: string): void {
    this.#options.event('warn', 'peer-question-unanswered', { about, cause });
  }
}
