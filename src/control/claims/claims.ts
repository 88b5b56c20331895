import { ApiFailure } from '../../contract/api-errors.js';
import type { Database } from '../../contract/database.js';
import type { Call } from '../../http/caller.js';
import type { Report } from '../../telemetry/report.js';
import { writeRecords } from '../audit/record.js';
import type { Device } from '../registry/device.js';
import { NO_DETAILS } from '../registry/device-details.js';
import type { Registry } from '../registry/registry.js';
import type { ClaimCode, ClaimCodes } from './claim-codes.js';
import type { claimsEvents } from './events.js';
import { FailedAttempts } from './failed-attempts.js';

export interface ClaimsOptions {
  readonly codes: ClaimCodes;
  readonly registry: Pick<Registry, 'create'>;
  readonly database: Database;
  readonly event: Report<keyof typeof claimsEvents>;
  readonly attempts?: FailedAttempts;
}

export interface Claim {
  readonly code: string;
  readonly serial: string;
  readonly address: string;
}

/** Registers devices that have a code and nothing else. */
export class Claims {
  /** Since the start. */
  readonly counts = { claimed: 0, refused: 0, limited: 0 };
  readonly #options: ClaimsOptions;
  readonly #attempts: FailedAttempts;

  constructor(options: ClaimsOptions) {
    this.#options = options;
    this.#attempts = options.attempts ?? new FailedAttempts();
  }

  /** The device of this serial number, which is its id, and its token. */
  async claim(claim: Claim): Promise<{ readonly device: Device; readonly token: string } | ApiFailure> {
    const { address, serial, code } = claim;
    const attempt = `claim device ${serial}`;
    if (this.#attempts.areTooMany(address)) {
      this.counts.limited++;
      return new ApiFailure('claims_limited', attempt);
    }
    const { codes, registry, event } = this.#options;
    const used = await codes.use(code);
    if (!used) return this.#refuse(new ApiFailure('claim_refused', attempt), address);
    const { tenant, deviceClass, id, name } = used;
    const details = { ...NO_DETAILS, serial };
    const created = await registry.create({ tenant, id: serial, deviceClass, details }).catch(async (error: Error) => {
      await codes.giveBack(used);
      throw error;
    });
    if (created instanceof ApiFailure) {
      await codes.giveBack(used);
      return this.#refuse(created, address);
    }
    this.counts.claimed++;
    event('info', 'device-claimed', { tenant, device: serial, address, code: id, name });
    await this.#record(used, claim);
    return created;
  }

  #refuse(failure: ApiFailure, address: string): ApiFailure {
    this.counts.refused++;
    if (this.#attempts.add(address)) this.#options.event('warn', 'claims-refused', { address });
    return failure;
  }

  async #record({ id, name, tenant, deviceClass }: ClaimCode, { serial, address }: Claim): Promise<void> {
    const principal = { kind: 'claim', id: String(id), name, role: 'operator', tenant, group: null } as const;
    const call: Call = { method: 'POST', pattern: '/v1/claim', path: '/v1/claim', address, principal, isRecorded: false };
    const change = { tenant, target: `device ${serial}`, after: { device_class: deviceClass, serial } };
    try {
      await this.#options.database.run((sql) => writeRecords(sql, call, [change]));
    } catch (error) {
      this.#options.event('warn', 'claim-not-recorded', { tenant, device: serial, code: id, cause: (error as Error).message });
    }
  }
}
