import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { buildGenerator } from './build.js';

const endMsMax = 10_000;

/** A generator or a sink: a child that prints one JSON document a line and ends with its stdin. */
export class LoadProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<unknown>;
  #errors = '';

  constructor(command: 'generate' | 'sink', ...args: string[]) {
    this.#child = spawn(buildGenerator(), [command, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#ended = once(this.#child, 'close');
    this.#child.stderr!.on('data', (chunk) => {
      this.#errors += chunk;
    });
    // It may be gone when it is told to end: what it said is in `#errors`.
    this.#child.stdin!.on('error', () => undefined);
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#child.pid!;
  }

  say(line: string): void {
    this.#child.stdin!.write(`${line}\n`);
  }

  /** The next document; throws what the process said when it ends instead. */
  async hear<T>(event: 'ready' | 'done'): Promise<T> {
    const { value, done } = await this.#lines.next();
    if (done) {
      await this.#ended;
      throw new Error(
        this.#errors.trim() || `cannot go on: the load generator ended with ${this.#child.signalCode ?? this.#child.exitCode}`,
      );
    }
    const document = JSON.parse(value);
    if (document.event !== event) throw new Error(`cannot go on: the load generator said ${value} where ${event} was next`);
    return document;
  }

  /** Ends it in the middle of its work. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  async end(): Promise<void> {
    this.#child.stdin!.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), endMsMax);
    await this.#ended;
    clearTimeout(timer);
  }
}

/** The bare sink: it frames and acknowledges, and nothing else; with a delay so much later. */
export class Sink {
  readonly port: number;
  readonly #process: LoadProcess;

  private constructor(process: LoadProcess, port: number) {
    this.#process = process;
    this.port = port;
  }

  static async start(delayMs = 0): Promise<Sink> {
    const process = new LoadProcess('sink', String(delayMs));
    const { port } = await process.hear<{ port: number }>('ready');
    return new Sink(process, port);
  }

  get pid(): number {
    return this.#process.pid;
  }

  async stop(): Promise<void> {
    await this.#process.end();
  }
}
