import type { Api } from './api.js';
import type { Live } from './live.js';
import type { Status } from './status.js';

/** What a page works with; it lives as long as the admin key. */
export interface Context {
  readonly api: Api;
  readonly live: Live;
  readonly status: Status;
}
