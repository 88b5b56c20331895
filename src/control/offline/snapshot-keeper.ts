import type { NumberRange } from '../../contract/database-identity.js';
import type { Report } from '../../telemetry/report.js';
import type { Identities, KeptIdentity } from '../identity/identities.js';
import type { AdminKeys } from '../keys/admin-keys.js';
import type { MetricNames, NumberedName } from '../metrics/metric-names.js';
import type { Device } from '../registry/device.js';
import type { StoredDevice } from '../registry/device-rows.js';
import type { Registry } from '../registry/registry.js';
import type { Schemas } from '../schemas/schemas.js';
import type { TimeZones } from '../time-zones/time-zones.js';
import type { TopicRules } from '../topic-rules/topic-rules.js';
import type { offlineEvents } from './events.js';
import { lineOf, type SnapshotHeader } from './snapshot.js';

/** Where the lines go; it reads them back at the next start. */
export interface SnapshotLines {
  begin(): void;
  write(lines: string): void;
  publish(): void;
  sync(): void;
  discard(): void;
  close(): void;
}

export interface KeptState {
  readonly header: SnapshotHeader;
  readonly lostDevices: readonly NumberRange[];
  readonly registry: Pick<Registry, 'deleted' | 'size' | 'stored'>;
  readonly metricNames: Pick<MetricNames, 'names'>;
  readonly keys: Pick<AdminKeys, 'kept'>;
  readonly topicRules: Pick<TopicRules, 'kept' | 'keptOf'>;
  readonly identities: Pick<Identities, 'kept'>;
  readonly schemas: Pick<Schemas, 'find' | 'kept'>;
  readonly timeZones: Pick<TimeZones, 'kept'>;
  /** Committed offsets by partition. */
  offsets(): readonly bigint[];
}

/** Committed offsets are written this often: a start that finds older ones runs some of the log again, which costs time alone. */
const OFFSETS_MS = 5000;
const RETRY_MS = 60_000;
const CHUNK = 1000;
/** Appended lines of which a new snapshot is not yet worth the writing. */
const APPENDED_MIN = 20_000;

/**
 * Keeps in the state folder what a start needs that is made without the database. A change is on the disk before the call that made it
 * is answered: a token that was replaced must not be valid again after a crash. What cannot be written is no snapshot any more.
 */
export class SnapshotKeeper {
  readonly #lines: SnapshotLines;
  readonly #event: Report<keyof typeof offlineEvents>;
  #state: KeptState | undefined;
  #offsets = '';
  #appended = 0;
  #isWritten = false;
  #timer: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #beginning = Promise.resolve();
  #isClosed = false;

  constructor(lines: SnapshotLines, event: Report<keyof typeof offlineEvents>) {
    this.#lines = lines;
    this.#event = event;
  }

  /** Writes a snapshot and keeps it up from then on; resolves when it is there, or when it cannot be. */
  begin(state: KeptState): Promise<void> {
    this.#state = state;
    this.#timer ??= setInterval(() => this.#writeOffsets(), OFFSETS_MS).unref();
    this.#beginning = this.#beginning.then(() => this.#begin(state));
    return this.#beginning;
  }

  readonly devicesChanged = (devices: readonly StoredDevice[]): void => {
    this.#append(devices.map(lineOf.device).join(''), devices.length);
  };

  readonly devicesDeleted = (devices: readonly Pick<Device, 'number' | 'tenant'>[]): void => {
    this.#append(lineOf.deleted(devices.map(({ number, tenant }) => [number, tenant])));
  };

  readonly metricsAdded = (entries: readonly NumberedName[]): void => this.#append(lineOf.metrics(entries));

  readonly keysChanged = (): void => {
    if (this.#state) this.#append(lineOf.keys(this.#state.keys.kept()));
  };

  readonly topicRulesChanged = (tenant: string): void => {
    if (this.#state) this.#append(lineOf.topicRules(tenant, this.#state.topicRules.keptOf(tenant)));
  };

  readonly identityChanged = (kept: KeptIdentity): void => this.#append(lineOf.identity(kept));

  readonly schemaChanged = (id: string): void => {
    const schema = this.#state?.schemas.find(id);
    if (schema) this.#append(lineOf.schema(schema));
  };

  readonly timeZonesChanged = (): void => {
    if (this.#state) this.#append(lineOf.timeZones(this.#state.timeZones.kept()));
  };

  /** Writes the last offsets. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    clearTimeout(this.#retry);
    await this.#beginning;
    this.#writeOffsets();
    this.#guard(() => {
      if (this.#isWritten) this.#lines.sync();
    });
    this.#isClosed = true;
    this.#lines.close();
  }

  /** In pieces: a million devices would hold everything else up for seconds. */
  async #begin({
    header,
    lostDevices,
    registry,
    metricNames,
    keys,
    topicRules,
    identities,
    schemas,
    timeZones,
    offsets,
  }: KeptState): Promise<void> {
    this.#isWritten = this.#guard(() => {
      this.#lines.begin();
      this.#lines.write(lineOf.snapshot(header) + lineOf.lost(lostDevices) + lineOf.keys(keys.kept()));
      for (const [tenant, rules] of topicRules.kept()) this.#lines.write(lineOf.topicRules(tenant, rules));
      for (const kept of identities.kept()) this.#lines.write(lineOf.identity(kept));
      for (const schema of schemas.kept()) this.#lines.write(lineOf.schema(schema));
      this.#lines.write(lineOf.timeZones(timeZones.kept()));
      this.#lines.write(lineOf.metrics(metricNames.names()) + lineOf.deleted(registry.deleted()));
    });
    if (!this.#isWritten) return;
    let piece: string[] = [];
    for (const stored of registry.stored()) {
      if (piece.push(lineOf.device(stored)) < CHUNK) continue;
      this.#guard(() => this.#lines.write(piece.join('')));
      piece = [];
      await new Promise(setImmediate);
      if (!this.#isWritten) return;
    }
    this.#offsets = lineOf.offsets(offsets());
    this.#guard(() => {
      this.#lines.write(piece.join('') + this.#offsets + lineOf.whole());
      this.#lines.publish();
    });
    this.#appended = 0;
  }

  #append(lines: string, count = 1): void {
    if (!this.#isWritten || this.#isClosed) return;
    this.#guard(() => {
      this.#lines.write(lines);
      this.#lines.sync();
    });
    this.#appended += count;
    const { registry } = this.#state as KeptState;
    if (this.#appended > Math.max(APPENDED_MIN, registry.size)) void this.begin(this.#state as KeptState);
  }

  /** Not synced: older ones do as well. */
  #writeOffsets(): void {
    if (!this.#isWritten || this.#isClosed) return;
    const line = lineOf.offsets((this.#state as KeptState).offsets());
    if (line === this.#offsets) return;
    this.#offsets = line;
    this.#guard(() => this.#lines.write(line));
    this.#appended++;
  }

  /** Whether the work was done; where not, there is no snapshot until a later one can be written. */
  #guard(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      this.#isWritten = false;
      this.#event('error', 'snapshot-not-kept', { cause: (error as Error).message });
      this.#discard();
      const again = () => void this.begin(this.#state as KeptState);
      clearTimeout(this.#retry);
      this.#retry = setTimeout(again, RETRY_MS).unref();
      return false;
    }
  }

  #discard(): void {
    try {
      this.#lines.discard();
    } catch (error) {
      this.#event('error', 'snapshot-outdated', { cause: (error as Error).message });
    }
  }
}
