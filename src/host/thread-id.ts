import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** The kernel's number of the calling thread, by which its CPU time is found; 0 where it is not told. */
export function threadId(): number {
  try {
    return Number(basename(readlinkSync('/proc/thread-self')));
  } catch {
    return 0;
  }
}
