import type { Api } from './api.js';
import type { Live } from './live.js';
import type { Status } from './status.js';

/** What a page works with; it lives as long as the admin key. */
export interface Context {
  readonly api: Api;
  readonly live: Live;
  readonly status: Status;
}

export interface Page {
  readonly title: string;
  readonly root: HTMLElement;
  /** Once a second while the page can be seen: ages and clocks. */
  tick(nowMs: number): void;
  /** Ends all that the page started: subscriptions, calls, charts. */
  close(): void;
}
