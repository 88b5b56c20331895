import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Answer, RequestHead } from './exchange.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

// The page loads from its own origin and nothing else, so a value shown on it cannot become a script.
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "manifest-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE_HEADERS = [
  ['content-security-policy', POLICY],
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['vary', 'accept-encoding'],
] as const;

interface StaticFile {
  readonly type: string;
  readonly etag: string;
  readonly caching: string;
  readonly bytes: Uint8Array;
  readonly gzipped: Uint8Array | undefined;
}

/** The console's files, all in memory: a path is looked up among them and never reaches the disk. */
export class StaticFiles {
  readonly #files: ReadonlyMap<string, StaticFile>;

  /** A folder that is not there is an empty set. */
  constructor(folder: string) {
    this.#files = readFiles(folder);
  }

  /** The file of the path, the page for a path of the page's own, or undefined. */
  answer(head: RequestHead): Answer | undefined {
    if (head.method !== 'GET' && head.method !== 'HEAD') return undefined;
    const file = this.#files.get(head.path) ?? (isPagePath(head.path) ? this.#files.get('/index.html') : undefined);
    if (!file) return undefined;
    const headers: (readonly [string, string])[] = [...PAGE_HEADERS, ['etag', file.etag], ['cache-control', file.caching]];
    if (head.ifNoneMatch.includes(file.etag)) return { status: 304, headers, body: '' };
    headers.push(['content-type', file.type]);
    if (!file.gzipped || !/\bgzip\b/.test(head.acceptEncoding)) return { status: 200, headers, body: file.bytes };
    return { status: 200, headers: [...headers, ['content-encoding', 'gzip']], body: file.gzipped };
  }
}

/** The page has paths of its own, such as /devices/dev-1; calls and files that are missing are no pages. */
function isPagePath(path: string): boolean {
  if (path === '/v1' || path.startsWith('/v1/') || path.startsWith('/assets/')) return false;
  return extname(path) === '' || path.startsWith('/devices/');
}

function readFiles(folder: string): Map<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  for (const entry of listed(folder)) {
    if (!entry.isFile()) continue;
    const name = join(entry.parentPath, entry.name);
    const path = name.slice(folder.length).split(sep).join('/').replace(/^\/*/, '/');
    files.set(path, fileOf(path, readFileSync(name)));
  }
  return files;
}

function listed(folder: string) {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function fileOf(path: string, bytes: Uint8Array): StaticFile {
  const type = TYPES[extname(path)] ?? 'application/octet-stream';
  const gzipped = /^text|json|svg|manifest/.test(type) ? gzipSync(bytes, { level: 9 }) : undefined;
  return {
    type,
    etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    // Vite writes a hash of the content into the names below assets/.
    caching: path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    bytes,
    gzipped: gzipped && gzipped.length < bytes.length ? gzipped : undefined,
  };
}
