import { createHash } from 'node:crypto';
import type { TransactionSql } from 'postgres';
import { ApiFailure } from '../../contract/api-errors.js';
import type { Database } from '../../contract/database.js';
import { type Envelope, readEnvelope } from '../../contract/packs/envelope.js';
import { type RuleConflict, RuleSet } from '../../contract/topic-rules/rule-set.js';
import type { Report } from '../../telemetry/report.js';
import { recordChange } from '../audit/record.js';
import { type CheckedPack, checkPack, runVectors } from './checked-pack.js';
import { type PackContent, readContent } from './content.js';
import type { packsEvents } from './events.js';
import { conflictsOf, lockAll, makeIn, Refused, type Subjects, stateIn, unmakeIn } from './installation.js';
import type { PackKeys, Signer } from './pack-keys.js';
import { deletePack, type InstalledPack, selectPacks, upsertPack } from './pack-rows.js';
import type { VectorResult } from './vectors.js';

const TENANT_PACKS_MAX = 100;

/** A pack as its file came, read and checked. */
export interface LoadedPack extends CheckedPack {
  readonly file: Uint8Array;
  readonly signer: Signer;
  readonly vectors: readonly VectorResult[];
}

/** What installing a pack in a tenant would meet. */
export interface Prospect {
  /** Version that the tenant has. */
  readonly installed: string | undefined;
  /** What keeps it from being installed. */
  readonly conflicts: readonly string[];
  /** Topics that rules of the pack share with the tenant's own rules, which come first. */
  readonly shared: readonly RuleConflict[];
}

export interface PacksOptions extends Subjects {
  readonly database: Database;
  readonly keys: PackKeys;
  readonly event: Report<keyof typeof packsEvents>;
}

type Outcome = 'installed' | 'unchanged' | 'refused' | 'removed' | 'rolled_back';

/** The packs that tenants have, as the database has them. */
export class Packs {
  readonly #options: PacksOptions;
  readonly #outcomes = new Map<Outcome, number>();

  constructor(options: PacksOptions) {
    this.#options = options;
  }

  get outcomes(): Iterable<readonly [Outcome, number]> {
    return this.#outcomes;
  }

  list(tenant: string): Promise<InstalledPack[]> {
    return this.#options.database.run((sql) => selectPacks(sql, tenant));
  }

  async get(tenant: string, name: string): Promise<InstalledPack | undefined> {
    const [pack] = await this.#options.database.run((sql) => selectPacks(sql, tenant, name));
    return pack;
  }

  /** What an installed pack says. Throws where this build cannot read it. */
  contentOf({ file }: InstalledPack): PackContent {
    const envelope = readEnvelope(file);
    const content = typeof envelope === 'string' ? envelope : readContent(envelope.payload);
    if (typeof content === 'string' || 'code' in content)
      throw new Error(`an installed pack cannot be read: ${typeof content === 'string' ? content : content.cause}`);
    return content;
  }

  /** Reads a file, looks whose signature it has, and runs its vectors. Nothing is kept. */
  async load(attempt: string, file: Uint8Array): Promise<LoadedPack | ApiFailure> {
    const envelope = readEnvelope(file);
    if (typeof envelope === 'string') return new ApiFailure('pack_malformed', attempt, envelope);
    const signer = await this.#options.keys.signerOf(envelope);
    if (signer.kind === 'wrong') {
      return new ApiFailure('pack_signature_invalid', attempt, `key ${signer.key.keyId} (${signer.key.name}) did not sign it`);
    }
    const checked = this.#read(attempt, envelope);
    if (checked instanceof ApiFailure) return checked;
    return { ...checked, file, signer, vectors: runVectors(checked) };
  }

  /** Why a pack that was loaded may not be installed, wherever; undefined: it may. */
  objection(attempt: string, { signer, vectors }: LoadedPack, allowUnsigned: boolean): ApiFailure | undefined {
    if (signer.kind !== 'trusted' && !allowUnsigned) {
      const cause = signer.kind === 'unknown' ? `it is signed by ${signer.keyIds.join(', ')}` : 'it has no signature';
      return new ApiFailure('pack_untrusted', attempt, cause);
    }
    const failed = vectors.filter(({ problem }) => problem !== undefined);
    if (failed.length === 0) return undefined;
    const [first] = failed;
    const cause = `${failed.length} of its ${vectors.length} messages become something else; ${first!.vector}: ${first!.problem}`;
    return new ApiFailure('pack_vectors_failed', attempt, cause);
  }

  /** Notes that a pack was not installed, or not rolled back. */
  refused(failure: ApiFailure): ApiFailure {
    this.#count('refused');
    this.#options.event('warn', 'pack-refused', { code: failure.error.code, cause: failure.message });
    return failure;
  }

  async prospectOf(tenant: string, { content }: LoadedPack): Promise<Prospect> {
    const { before, state } = await this.#options.database.run((sql) =>
      sql.begin(async (tx) => ({ before: (await selectPacks(tx, tenant, content.name))[0], state: await stateIn(tx, tenant) })),
    );
    const replaced = new Set(before?.made.rules.map(({ name }) => name));
    const own = state.rules.filter(({ name }) => !replaced.has(name));
    const shared = new RuleSet(own, content.topicRules)
      .conflicts()
      .filter(({ first, later }) => own.some(({ name }) => name === first) && content.topicRules.some(({ name }) => name === later));
    return { installed: before?.version, conflicts: conflictsOf(content, before, state), shared };
  }

  /** Installs it in all the tenants or in none: rules, schemas and codec in one transaction. */
  async install(attempt: string, tenants: readonly string[], pack: LoadedPack): Promise<'installed' | 'unchanged' | ApiFailure> {
    const changed = await this.#commit(async (sql) => {
      const made: InstalledPack['made'][] = [];
      for (const tenant of tenants) made.push(...(await this.#installIn(sql, attempt, tenant, pack)));
      return made;
    });
    if (changed instanceof ApiFailure) return changed;
    await this.#announce(tenants, changed);
    const { name, version } = pack.content;
    if (changed.length === 0) return this.#count('unchanged');
    const signedBy = pack.signer.kind === 'trusted' ? pack.signer.key.name : 'nobody who is trusted';
    this.#options.event('info', 'pack-installed', {
      pack: name,
      version,
      tenants: tenants.length,
      tenant: tenants[0] ?? '',
      signed_by: signedBy,
    });
    return this.#count('installed');
  }

  /** Installs the version that the present one took the place of. */
  async rollBack(attempt: string, tenant: string, name: string, allowUnsigned: boolean): Promise<InstalledPack | ApiFailure> {
    const present = await this.get(tenant, name);
    if (!present) return new ApiFailure('pack_unknown', attempt);
    if (!present.previousFile) return new ApiFailure('pack_first', attempt);
    const pack = await this.load(attempt, present.previousFile);
    if (pack instanceof ApiFailure) return pack;
    const objection = this.objection(attempt, pack, allowUnsigned);
    if (objection) return objection;
    const made = await this.#commit(async (sql) => {
      const [before] = await selectPacks(sql, tenant, name);
      // Somebody else was faster: what is asked for is not what there is.
      if (!before || before.version !== present.version)
        throw new Refused(new ApiFailure('pack_unknown', attempt, 'it was changed meanwhile'));
      return [...before.made.schemas, ...(await this.#putIn(sql, attempt, { tenant, pack, before, isBack: true })).schemas];
    });
    if (made instanceof ApiFailure) return made;
    await this.#announce([tenant], [{ rules: [], schemas: made, codec: null }]);
    this.#options.event('warn', 'pack-rolled-back', { pack: name, tenant, version: pack.content.version, from: present.version });
    this.#count('rolled_back');
    return (await this.get(tenant, name)) as InstalledPack;
  }

  /** Takes away what it made; answers what stays. */
  async remove(attempt: string, tenant: string, name: string): Promise<readonly string[] | ApiFailure> {
    const removed = await this.#commit(async (sql) => {
      const [pack] = await selectPacks(sql, tenant, name);
      if (!pack) throw new Refused(new ApiFailure('pack_unknown', attempt));
      const stays = await unmakeIn(sql, this.#options, attempt, pack);
      await deletePack(sql, tenant, name);
      await recordChange(sql, { tenant, target: `pack ${name}`, before: { version: pack.version } });
      return { pack, stays };
    });
    if (removed instanceof ApiFailure) return removed;
    await this.#announce([tenant], [removed.pack.made]);
    this.#options.event('info', 'pack-removed', { pack: name, tenant, version: removed.pack.version, stays: removed.stays.join('; ') });
    this.#count('removed');
    return removed.stays;
  }

  #read(attempt: string, { payload }: Envelope): CheckedPack | ApiFailure {
    const content = readContent(payload);
    return 'code' in content ? new ApiFailure(content.code, attempt, content.cause) : checkPack(attempt, content);
  }

  /** What it made before and makes now; nothing where the tenant has these very bytes. */
  async #installIn(sql: TransactionSql, attempt: string, tenant: string, pack: LoadedPack): Promise<InstalledPack['made'][]> {
    const all = await selectPacks(sql, tenant);
    const { name, version } = pack.content;
    const before = all.find((one) => one.name === name);
    if (before && Buffer.from(before.file).equals(pack.file)) return [];
    if (before && compareVersions(before.version, version) >= 0) {
      throw new Refused(
        new ApiFailure('pack_not_newer', attempt, `tenant ${tenant} has version ${before.version}, and this is ${version}`),
      );
    }
    if (!before && all.length >= TENANT_PACKS_MAX) throw new Refused(new ApiFailure('packs_exhausted', attempt));
    const made = await this.#putIn(sql, attempt, { tenant, pack, before, isBack: false });
    return before ? [before.made, made] : [made];
  }

  async #putIn(
    sql: TransactionSql,
    attempt: string,
    { tenant, pack, before, isBack }: { tenant: string; pack: LoadedPack; before: InstalledPack | undefined; isBack: boolean },
  ): Promise<InstalledPack['made']> {
    const { content, file, signer } = pack;
    const made = await makeIn(sql, this.#options, attempt, { tenant, content, before, isBack });
    const { name, version, vendor, description, deviceClass } = content;
    const keyId = signer.kind === 'trusted' ? signer.key.keyId : null;
    const described = { name, version, vendor, description, deviceClass: deviceClass ?? null };
    await upsertPack(sql, { tenant, ...described, file, previousFile: before?.file ?? null, keyId, made });
    const sha256 = createHash('sha256').update(file).digest('hex');
    const after = { version, sha256, signed_by: keyId };
    await recordChange(sql, { tenant, target: `pack ${name}`, ...(before && { before: { version: before.version } }), after });
    return made;
  }

  async #commit<Made>(work: (sql: TransactionSql) => Promise<Made>): Promise<Made | ApiFailure> {
    const locked = async (sql: TransactionSql) => {
      await lockAll(sql);
      return work(sql);
    };
    try {
      return (await this.#options.database.run((sql) => sql.begin(locked))) as Made;
    } catch (error) {
      if (error instanceof Refused) return error.failure;
      throw error;
    }
  }

  async #announce(tenants: readonly string[], made: readonly InstalledPack['made'][]): Promise<void> {
    const { schemas, topicRules } = this.#options;
    for (const id of new Set(made.flatMap((one) => one.schemas.map((schema) => schema.id)))) await schemas.announce(id);
    for (const tenant of tenants) await topicRules.announce(tenant);
  }

  #count<Kind extends Outcome>(outcome: Kind): Kind {
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
    return outcome;
  }
}

/** Versions are three numbers. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)];
  const at = left.findIndex((number, place) => number !== right[place]);
  return at < 0 ? 0 : (left[at] as number) - (right[at] as number);
}
