import type { z } from 'zod';
import type { Question } from './messages.js';

/** How long an answer may take; the other process may be replaying its log. */
const ANSWER_MS_MAX = 2000;
/** Questions that wait at a time; further ones are not sent. */
const OPEN_MAX = 256;

interface Open {
  readonly take: (from: string, answer: unknown) => void;
}

export interface QuestionsOptions {
  /** False: it was not sent. */
  readonly send: (token: number, question: Question) => boolean;
  readonly answerMsMax?: number | undefined;
}

/** Asks the deployment's other processes, and takes what they answer in time. */
export class Questions {
  readonly #options: QuestionsOptions;
  readonly #open = new Map<number, Open>();
  // Tokens of a process do not repeat those of one before it that had the same name; answers to those are ignored.
  #token = Math.floor(Math.random() * 2 ** 40);

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  /**
   * Answers by origin, one each, the first: a second answer of a process is ignored. Resolves when they are enough,
   * or when time is over; never rejects.
   */
  ask<Answer>(
    question: Question,
    schema: z.ZodType<Answer>,
    isEnough: (answers: ReadonlyMap<string, Answer>) => boolean,
  ): Promise<ReadonlyMap<string, Answer>> {
    const answers = new Map<string, Answer>();
    const token = ++this.#token;
    if (isEnough(answers) || this.#open.size >= OPEN_MAX || !this.#options.send(token, question)) return Promise.resolve(answers);
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#open.delete(token);
        resolve(answers);
      };
      const timer = setTimeout(end, this.#options.answerMsMax ?? ANSWER_MS_MAX);
      const take = (from: string, body: unknown) => {
        const { data } = schema.safeParse(body);
        if (data === undefined || answers.has(from)) return;
        answers.set(from, data);
        if (isEnough(answers)) end();
      };
      this.#open.set(token, { take });
    });
  }

  /** Takes an answer; one that comes too late is ignored. */
  answered(from: string, token: number, answer: unknown): void {
    this.#open.get(token)?.take(from, answer);
  }
}
