import { readdirSync, readFileSync } from 'node:fs';
import { CONNECTIONS_MAX } from '../../assembly/abi/limits.js';

/** Descriptors that threads, log segments, the database and the API take while connections come. */
const RESERVED = 256;
/** Where even the reserve is not there, a port that nobody reaches would help nobody. */
const CONNECTIONS_MIN = 16;

/** How many descriptors this process may hold open, the limit that Node raised at its start; undefined outside Linux. */
export function openFilesMax(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/** How many connections each kind of client may have, so that neither takes the files of the other, of the log or of the store. */
export interface ConnectionShares {
  readonly http: number;
  /** Of each gateway thread. */
  readonly gateway: number;
}

/** `files`: how many more this process may open. */
export function connectionShares(httpWanted: number, gateways: number, files = filesLeft()): ConnectionShares {
  const free = Math.max(0, files - RESERVED);
  const http = Math.min(httpWanted, Math.max(CONNECTIONS_MIN, Math.floor(free / 4)));
  const devices = Math.max(CONNECTIONS_MIN, Math.floor((free - http) / gateways));
  return { http, gateway: Math.min(CONNECTIONS_MAX, devices) };
}

function filesLeft(): number {
  const files = openFilesMax();
  return files === undefined ? Number.MAX_SAFE_INTEGER : files - readdirSync('/proc/self/fd').length;
}
