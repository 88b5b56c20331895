import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ListenConfig, plainHttpBind } from '../config/settings/listen.js';
import type { ProcessConfig } from '../config/settings/process.js';
import type { Config } from '../config/table.js';
import type { NotReadyAnswer, ReadyAnswer } from '../contract/answers/operation.js';
import { authority, reachableHost } from '../contract/host-address.js';
import { readAddress } from './address-file.js';
import { CommandFailure, usageFailure } from './command-failure.js';
import { contextInUse } from './contexts.js';

const answerMsMax = 120_000;

export type Readiness = ReadyAnswer | (Omit<NotReadyAnswer, 'acknowledgement'> & Partial<Pick<NotReadyAnswer, 'acknowledgement'>>);

interface Call {
  readonly body?: unknown;
  /** Instead of a body that is written as JSON, with its type. */
  readonly text?: string | Uint8Array<ArrayBuffer>;
  readonly type?: string;
  readonly timeoutMs?: number | undefined;
  /** A status above 399 that is an answer and no failure. */
  readonly accepted?: number;
}

/** The HTTP API of a running appliance, called with the admin key. Every failure is a CommandFailure. */
export class AdminApi {
  readonly url: string;
  readonly key: string;

  constructor(url: string, key: string) {
    this.url = url.replace(/\/+$/, '');
    this.key = key;
  }

  get<Answer>(path: string, timeoutMs?: number): Promise<Answer> {
    return this.#call<Answer>('GET', path, { timeoutMs });
  }

  /** Whether messages are taken in; an appliance that waits for its database answers without `acknowledgement`. */
  readiness(): Promise<Readiness> {
    return this.#call<Readiness>('GET', '/readyz', { accepted: 503 });
  }

  post<Answer>(path: string, body: unknown): Promise<Answer> {
    return this.#call<Answer>('POST', path, { body });
  }

  put<Answer>(path: string, body: unknown): Promise<Answer> {
    return this.#call<Answer>('PUT', path, { body });
  }

  patch<Answer>(path: string, body: unknown): Promise<Answer> {
    return this.#call<Answer>('PATCH', path, { body });
  }

  /** Sends text, or bytes, of another type than JSON. */
  postText<Answer>(path: string, text: string | Uint8Array<ArrayBuffer>, type: string): Promise<Answer> {
    return this.#call<Answer>('POST', path, { text, type });
  }

  /** The answer as it is, and a header of it; '': it has none. */
  async getText(path: string, header: string): Promise<{ readonly text: string; readonly header: string }> {
    const { status, text, headers } = await this.#send('GET', path, {});
    if (status >= 400) readAnswer(this.url, status, text, undefined);
    return { text, header: headers.get(header) ?? '' };
  }

  delete<Answer>(path: string): Promise<Answer> {
    return this.#call<Answer>('DELETE', path);
  }

  async #call<Answer>(method: string, path: string, call: Call = {}): Promise<Answer> {
    const { status, text } = await this.#send(method, path, call);
    return readAnswer<Answer>(this.url, status, text, call.accepted);
  }

  async #send(method: string, path: string, { body, text, type = 'application/json', timeoutMs = answerMsMax }: Call) {
    const headers: Record<string, string> = { authorization: `Bearer ${this.key}` };
    const init: RequestInit = { method, headers, signal: AbortSignal.timeout(timeoutMs) };
    const content = text ?? (body === undefined ? undefined : JSON.stringify(body));
    if (content !== undefined) {
      headers['content-type'] = type;
      init.body = content;
    }
    try {
      const answer = await fetch(`${this.url}${path}`, init);
      return { status: answer.status, headers: answer.headers, text: await answer.text() };
    } catch (error) {
      throw unreachable(this.url, error as Error);
    }
  }
}

/** The appliance that `--url` names, else the one of the context in use, else the one of this machine. */
export function adminApi(config: Config, url: string | undefined): AdminApi {
  const context = url === undefined ? contextInUse(process.env) : undefined;
  return context ? new AdminApi(context.url, process.env.SPILLWAY_ADMIN_KEY || context.key) : localApi(config, url);
}

/**
 * The appliance that `--url` names, else the one that runs on the state folder, else the one of the config; with the key of the
 * environment, the file or the state folder.
 */
export function localApi(config: Config, url: string | undefined): AdminApi {
  return new AdminApi(url ?? readAddress(config.process.stateFolder)?.http ?? localUrl(config.listen), adminKey(config.process));
}

function localUrl(listen: ListenConfig): string {
  const { httpPort } = listen;
  if (httpPort === 0)
    throw usageFailure(
      'cannot find the appliance: http_port is 0, and no appliance runs on this state folder',
      'start it (npx spillway start), or name another one: --url http://HOST:PORT',
    );
  return `http://${authority(reachableHost(plainHttpBind(listen)), httpPort)}`;
}

function adminKey({ adminKey: given, stateFolder }: ProcessConfig): string {
  if (given !== undefined) return given;
  const path = join(stateFolder, 'admin-key');
  if (existsSync(path)) return readFileSync(path, 'utf8').trim();
  throw new CommandFailure('admin_key_missing', `cannot find the admin key: SPILLWAY_ADMIN_KEY is not set and ${path} does not exist`, {
    wayOut:
      'start the appliance once (npx spillway start), run this in its folder, set SPILLWAY_ADMIN_KEY or SPILLWAY_STATE, or name an appliance: npx spillway context add',
  });
}

export function unreachable(url: string, error: Error): CommandFailure {
  const cause = (error.cause as NodeJS.ErrnoException | undefined)?.code ?? error.message;
  const plain = cause === 'ECONNREFUSED' ? 'nothing listens there' : error.name === 'TimeoutError' ? 'no answer came in time' : cause;
  return new CommandFailure('appliance_unreachable', `cannot reach the appliance at ${url}: ${plain}`, {
    wayOut: 'start it (npx spillway start), or name another one: --url http://HOST:PORT',
  });
}

function readAnswer<Answer>(url: string, status: number, text: string, accepted: number | undefined): Answer {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new CommandFailure('answer_malformed', `cannot read the answer of ${url}: HTTP ${status} without JSON`, {
      wayOut: 'check that --url names a Spillway appliance and no other server',
    });
  }
  const { error } = answer as { error?: { code?: string; message?: string; way_out?: string } };
  if (status < 400 || (status === accepted && error === undefined)) return answer as Answer;
  const { code = 'answer_malformed', message = `cannot use the answer of ${url}: HTTP ${status}`, way_out: wayOut } = error ?? {};
  throw new CommandFailure(code, message, { wayOut });
}
