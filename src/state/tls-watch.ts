import { X509Certificate } from 'node:crypto';
import type { TlsMaterial } from '../contract/tls-material.js';
import type { Report } from '../telemetry/report.js';
import type { stateEvents } from './events.js';

/** A certificate in use. */
export interface UsedCertificate {
  /** `server`, or `client authority: ` and its name. */
  readonly name: string;
  /** ms of the Unix epoch. */
  readonly expiresMs: number;
}

export interface TlsWatchOptions {
  /** What the files hold now; throws where one cannot be read. */
  readonly read: () => TlsMaterial;
  /** Throws where the material cannot be used. */
  readonly check: (material: TlsMaterial) => void;
  /** Gives the material to all that listen. */
  readonly apply: (material: TlsMaterial) => void;
  readonly event: Report<keyof typeof stateEvents>;
  /** How often the files are looked at, ms. */
  readonly lookMs?: number;
}

/** Files are replaced by other programs, of which many do it by a link: looking is what works for all. */
const LOOK_MS = 2000;

/**
 * Follows the files of TLS. New ones are used once they hold together; a bad pair, or half of a new one, leaves the old one in use, and
 * is looked at again.
 */
export class TlsWatch {
  readonly #options: TlsWatchOptions;
  readonly #timer: NodeJS.Timeout;
  /** What everything that listens has. */
  #used: string;
  /** What was read last, or why nothing could be read. */
  #seen: string;
  #certificates: readonly UsedCertificate[];

  /** `used`: what everything that listens has now. */
  constructor(used: TlsMaterial, options: TlsWatchOptions) {
    this.#options = options;
    this.#used = JSON.stringify(used);
    this.#seen = this.#used;
    this.#certificates = certificatesOf(used);
    this.#timer = setInterval(() => this.look(), options.lookMs ?? LOOK_MS).unref();
  }

  get certificates(): readonly UsedCertificate[] {
    return this.#certificates;
  }

  /** Looks at the files now. */
  look(): void {
    const { read, check, apply, event } = this.#options;
    try {
      const material = read();
      const text = JSON.stringify(material);
      if (text === this.#seen) return;
      this.#seen = text;
      // The files of before are there again, after they could not be read or used.
      if (text === this.#used) return;
      const certificates = certificatesOf(material);
      check(material);
      apply(material);
      this.#used = text;
      this.#certificates = certificates;
      event('info', 'tls-files-renewed', { valid_to: new Date(certificates[0]?.expiresMs ?? 0).toISOString() });
    } catch (error) {
      const cause = (error as Error).message;
      if (this.#seen !== cause) event('error', 'tls-files-not-used', { cause });
      // Files that cannot be read are reported once; those that were read are not looked at again until they change.
      if (isUnreadable(error)) this.#seen = cause;
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

function isUnreadable(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).syscall !== undefined;
}

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

function certificatesOf({ cert, clientCa }: TlsMaterial): UsedCertificate[] {
  const server = new X509Certificate(cert);
  const authorities = [...(clientCa ?? '').matchAll(PEM)].map(([pem]) => new X509Certificate(pem));
  return [
    { name: 'server', expiresMs: Date.parse(server.validTo) },
    ...authorities.map(({ subject, validTo }) => ({
      name: `client authority: ${subject.replaceAll('\n', ', ')}`,
      expiresMs: Date.parse(validTo),
    })),
  ];
}
