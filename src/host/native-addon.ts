import { createRequire } from 'node:module';
import type { TlsMaterial } from '../contract/tls-material.js';

/** What native/binding exports. */
export interface NativeAddon {
  readonly NativeReactor: new (memory: Uint8Array) => NativeBinding;
  /** native/binding/src/page_cache.rs says what these two do. */
  startWriteback(file: number, from: number): void;
  releaseCache(file: number, from: number, bytes: number): void;
  /** native/binding/src/file_lock.rs says what it does. */
  lockFile?(file: number): boolean;
}

/** native/binding/src/native_reactor.rs says what each call does. */
export interface NativeBinding {
  watch(callback: () => void): void;
  answer(words: Int32Array): void;
  openListener(address: string, port: number, options: NativeListenOptions): number;
  listenDatagrams(address: string, port: number, isShared: boolean): number;
  listenDtls(address: string, port: number, isShared: boolean, tls?: TlsMaterial): number;
  takeNews(): NativeNews[];
  answerAssociation(connection: number, number: number, generation: number, keys: readonly Uint8Array[], owner: number): void;
  closeAssociation(connection: number, number: number, generation: number): void;
  limit(connections: number, strangers: number): void;
  limitUnread(withinMs: number): void;
  share(connection: number, share: number, quantum: number): void;
  hold(isHeld: boolean): void;
  shareCounts(): number[];
  trust(connection: number): void;
  renewTls(material: TlsMaterial): void;
  peerCertificate(connection: number): Uint8Array | null;
  unlisten(): void;
  pause(readsNewcomers: boolean): void;
  resume(): void;
  again(connection: number): void;
  turn(): number;
  unread(connection: number): number;
  settle(): void;
  sleep(): boolean;
  send(connection: number, offset: number, length: number): void;
  sendTable(count: number): void;
  sendBytes(connection: number, bytes: Uint8Array): void;
  close(connection: number): void;
  closeAll(): void;
  openCount(): number;
  counts(): NativeCounts;
  dispose(): void;
}

/** What comes before the kernel's bytes; src/reactor/reactor.ts says it in full. */
export interface NativeListenOptions {
  readonly isShared?: boolean;
  readonly proxies?: readonly string[];
  readonly tls?: TlsMaterial | undefined;
  readonly isWebSocket?: boolean;
  readonly transport?: number;
}

export interface NativeCounts {
  /** Connections that found no room. */
  readonly refused: number;
  /** Connections whose address had too many that have not proved who they are. */
  readonly strangers: number;
  /** Times that a connection had to wait for a free descriptor. */
  readonly outOfFiles: number;
  /** Connections closed because they did not read what they were sent. */
  readonly overflowed: number;
  /** Datagrams that were too long. */
  readonly oversize: number;
  readonly tlsFailed: number;
  readonly proxyFailed: number;
  readonly webSocketRefused: number;
  readonly webSocketFailed: number;
  readonly dtls: NativeDtlsCounts;
}

/** native/reactor/src/dtls/news.rs says what each is. */
export interface NativeDtlsCounts {
  readonly open: number;
  readonly shaking: number;
  readonly established: number;
  readonly dropped: number;
  readonly evicted: number;
  readonly moved: number;
  /** By reason, in the order of native/reactor/src/dtls/failure.rs. */
  readonly failed: readonly number[];
}

/** native/binding/src/native_reactor.rs says what the kinds are. */
export interface NativeNews {
  readonly kind: number;
  readonly connection: number;
  readonly number: number;
  readonly generation: number;
  readonly key: number;
  readonly owner: number;
  readonly bytes?: Uint8Array;
}

const FILE = '../../native/reactor.node';

/** The addon, or why it does not run here. */
export function loadAddon(): NativeAddon | { readonly missing: string } {
  try {
    const addon = createRequire(import.meta.url)(FILE) as NativeAddon;
    const { prototype } = addon.NativeReactor;
    const isFresh = 'listenDtls' in prototype && 'shareCounts' in prototype; // The newest of its calls.
    return isFresh ? addon : { missing: 'it was built from older sources: npm run build:native' };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { missing: code === 'MODULE_NOT_FOUND' ? 'it was not built: that takes Linux and cargo, then npm run build:native' : message };
  }
}
