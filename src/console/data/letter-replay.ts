import { signal } from '@preact/signals';
import type { Answer, Replay } from './answer.js';
import type { Api } from './api.js';
import type { LetterFilter } from './route.js';

/** Dead letters of a filter that are sent through the pipeline again, and how far that is. */
export class LetterReplay {
  readonly replay = signal<Replay | undefined>(undefined);
  /** Whether an answer is under way. */
  #asking = false;
  readonly #ended = new AbortController();

  constructor(
    private readonly api: Api,
    private readonly tenant: string,
    private readonly onEnd: () => void,
  ) {}

  async start({ device, ...rest }: LetterFilter): Promise<Answer<Replay>> {
    const filter = { tenant: this.tenant, ...rest, ...(device !== undefined && { device_id: device }) };
    const answer = await this.api.call<Replay>('POST', '/v1/dead-letters/replay', {}, { filter });
    if (answer.ok) this.#take(answer);
    return answer;
  }

  tick(): void {
    if (this.replay.peek()?.state === 'running' && !this.#asking) void this.#look(this.replay.peek()!.id);
  }

  close(): void {
    this.#ended.abort();
  }

  async #look(id: number): Promise<void> {
    this.#asking = true;
    const answer = await this.api.call<Replay>('GET', `/v1/dead-letters/replays/${id}`, {}, undefined, this.#ended.signal);
    this.#asking = false;
    if (!this.#ended.signal.aborted) this.#take(answer);
  }

  #take(answer: Answer<Replay>): void {
    if (!answer.ok) return;
    this.replay.value = answer.value;
    if (answer.value.state !== 'running') this.onEnd();
  }
}
