import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Before the head of a page's content. */
const PAGE_HEAD_BYTES = 16;
const META_BYTES = 160;
const MAGIC = 0xbeefc0de;
/** Of the head of an LMDB file, from the beginning of its page. */
const AT_MAGIC = PAGE_HEAD_BYTES + 8;
const AT_PAGE_BYTES = PAGE_HEAD_BYTES + 32;
const AT_LAST_PAGE = PAGE_HEAD_BYTES + 128;
const AT_TRANSACTION = PAGE_HEAD_BYTES + 136;
const PAGE_BYTES_MAX = 65_536;

interface Head {
  readonly lastPage: number;
  readonly transaction: number;
}

/**
 * Why a file is none of LMDB's, or is shorter than its newest head says; undefined: neither. The two heads are its first two pages,
 * written in turns.
 */
export function causeOfDamage(path: string): string | undefined {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    if (size === 0) return undefined;
    const first = pageAt(file, 0);
    if (!first || first.readUInt32LE(AT_MAGIC) !== MAGIC) return 'it does not begin as a database does';
    const pageBytes = first.readUInt32LE(AT_PAGE_BYTES);
    if (pageBytes === 0 || pageBytes > PAGE_BYTES_MAX) return `it says that its pages have ${pageBytes} bytes`;
    const second = pageAt(file, pageBytes);
    if (!second || second.readUInt32LE(AT_MAGIC) !== MAGIC) return 'its second head is damaged';
    const [a, b] = [headIn(first), headIn(second)];
    const newest = a.transaction > b.transaction ? a : b;
    const bytes = (newest.lastPage + 1) * pageBytes;
    return size < bytes ? `it is cut short: it has ${size} bytes of ${bytes}` : undefined;
  } finally {
    closeSync(file);
  }
}

function pageAt(file: number, at: number): Buffer | undefined {
  const bytes = Buffer.alloc(PAGE_HEAD_BYTES + META_BYTES);
  return readSync(file, bytes, 0, bytes.length, at) === bytes.length ? bytes : undefined;
}

function headIn(page: Buffer): Head {
  return { lastPage: Number(page.readBigUInt64LE(AT_LAST_PAGE)), transaction: Number(page.readBigUInt64LE(AT_TRANSACTION)) };
}
