import { METRICS_MAX } from '../../../assembly/abi/limits.js';

/** Names of metrics that may be new, below the total that kernels have room for. */
export interface NameLimits {
  readonly tenantMax: number;
  readonly classMax: number;
  readonly deviceMax: number;
}

/** The device that named a metric first, as the registry has it; a device without a class has no limit of a class. */
export interface Namer {
  readonly device: number;
  readonly id: string;
  readonly tenant: string;
  readonly deviceClass: string | null;
}

export type LimitKind = 'total' | 'tenant' | 'class' | 'device';

/** How many names somebody was the first to use, of as many as it may. */
export interface NameCount {
  readonly kind: LimitKind;
  /** Undefined: of the deployment. */
  readonly tenant?: string | undefined;
  readonly deviceClass?: string | undefined;
  readonly deviceId?: string | undefined;
  readonly names: number;
  readonly max: number;
}

/** None but that of the deployment. */
export const NO_LIMITS: NameLimits = {
  tenantMax: METRICS_MAX,
  classMax: METRICS_MAX,
  deviceMax: METRICS_MAX,
};

interface Counted {
  readonly of: Omit<NameCount, 'names' | 'max'>;
  names: number;
}

/** Counts names by whose devices named them first. Names of releases that did not note it count in the total alone. */
export class NameCounts {
  readonly #limits: NameLimits;
  readonly #counted = new Map<string, Counted>();

  constructor(limits: NameLimits) {
    this.#limits = limits;
  }

  count(namer: Namer): void {
    for (const [key, of] of subjectsOf(namer)) {
      const counted = this.#counted.get(key);
      if (counted) counted.names++;
      else this.#counted.set(key, { of, names: 1 });
    }
  }

  clear(): void {
    this.#counted.clear();
  }

  /** How many more names the namer may bring, and what leaves the least room. */
  roomOf(namer: Namer): { readonly room: number; readonly least: NameCount } {
    const counts = [...subjectsOf(namer)].map(([key, of]) => this.#of({ of, names: this.#counted.get(key)?.names ?? 0 }));
    const least = counts.reduce((a, b) => (b.max - b.names < a.max - a.names ? b : a));
    return { room: Math.max(0, least.max - least.names), least };
  }

  all(): NameCount[] {
    return [...this.#counted.values()].map((counted) => this.#of(counted));
  }

  #of({ of, names }: Counted): NameCount {
    const { tenantMax, classMax, deviceMax } = this.#limits;
    return { ...of, names, max: of.kind === 'tenant' ? tenantMax : of.kind === 'class' ? classMax : deviceMax };
  }
}

function* subjectsOf({ device, id, tenant, deviceClass }: Namer): Generator<[key: string, of: Counted['of']]> {
  yield [JSON.stringify([tenant]), { kind: 'tenant', tenant }];
  if (deviceClass !== null) yield [JSON.stringify([tenant, deviceClass]), { kind: 'class', tenant, deviceClass }];
  yield [String(device), { kind: 'device', tenant, deviceClass: deviceClass ?? undefined, deviceId: id }];
}
