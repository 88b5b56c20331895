import { createHash } from 'node:crypto';
import type { TransactionSql } from 'postgres';
import { ApiFailure } from '../../contract/api-errors.js';
import { CODEC_FUEL_DEFAULT, CODEC_PAGES_DEFAULT } from '../../contract/codecs/codec-abi.js';
import { codecOf } from '../../contract/codecs/codec-name.js';
import type { CodecPlan } from '../../contract/codecs/codec-plan.js';
import type { Database } from '../../contract/database.js';
import type { SchemaPlan } from '../../contract/schemas/schema-plan.js';
import { CodecInstance } from '../../host/codec-instance.js';
import { CodecOutput } from '../../host/codec-output.js';
import type { Codec } from './codec.js';
import {
  type CodecSelection,
  countCodecs,
  deleteCodec,
  insertCodec,
  lockCodecs,
  selectCodecs,
  selectModule,
  selectUsers,
} from './codec-rows.js';
import { ModuleProblem } from './module/binary.js';
import { meteredModule } from './module/metered-module.js';

const TENANT_CODECS_MAX = 200;

export interface NewCodec {
  readonly tenant: string;
  readonly name: string;
  readonly wasm: Uint8Array;
  readonly fuelMax?: number | undefined;
  readonly memoryPagesMax?: number | undefined;
}

/** The codecs of every tenant as the database has them, compiled where they are used. */
export class Codecs {
  readonly #database: Database;
  readonly #plans = new Map<number, CodecPlan>();

  constructor(database: Database) {
    this.#database = database;
  }

  list(selection: CodecSelection): Promise<Codec[]> {
    return this.#database.run((sql) => selectCodecs(sql, selection));
  }

  async get(tenant: string, id: string): Promise<Codec | undefined> {
    const [codec] = await this.list({ tenant, id });
    return codec;
  }

  /** The bytes as they were uploaded. */
  moduleOf({ number }: Codec): Promise<Uint8Array | undefined> {
    return this.#database.run((sql) => selectModule(sql, number));
  }

  /** Schemas that name the codec. */
  usersOf(codec: Codec): Promise<string[]> {
    return this.#database.run((sql) => selectUsers(sql, codec));
  }

  /** Makes the next version of a name; one that is as its newest version is answered in its place. */
  async add(attempt: string, input: NewCodec): Promise<Codec | ApiFailure> {
    const { memoryPagesMax = CODEC_PAGES_DEFAULT, fuelMax = CODEC_FUEL_DEFAULT } = input;
    const problem = problemOf(input.wasm, memoryPagesMax, fuelMax);
    if (problem !== undefined) return new ApiFailure('codec_invalid', attempt, problem);
    const work = async (sql: TransactionSql) => {
      await lockCodecs(sql);
      return this.addIn(sql, attempt, input);
    };
    return (await this.#database.run((sql) => sql.begin(work))) as Codec | ApiFailure;
  }

  /** The same within a transaction that holds the lock, of a module in which nothing is wrong. */
  async addIn(sql: TransactionSql, attempt: string, input: NewCodec): Promise<Codec | ApiFailure> {
    const { tenant, name, wasm, fuelMax = CODEC_FUEL_DEFAULT, memoryPagesMax = CODEC_PAGES_DEFAULT } = input;
    const sha256 = createHash('sha256').update(wasm).digest('hex');
    const [newest] = await selectCodecs(sql, { tenant, name });
    if (newest && newest.sha256 === sha256 && newest.fuelMax === fuelMax && newest.memoryPagesMax === memoryPagesMax) return newest;
    if ((await countCodecs(sql, tenant)) >= TENANT_CODECS_MAX) return new ApiFailure('codecs_exhausted', attempt);
    const version = (newest?.version ?? 0) + 1;
    await insertCodec(sql, { tenant, name, version, sha256, fuelMax, memoryPagesMax }, wasm);
    const [made] = await selectCodecs(sql, { tenant, name, version });
    return made as Codec;
  }

  /** Undefined: it is deleted. */
  async remove(attempt: string, tenant: string, id: string): Promise<ApiFailure | undefined> {
    const work = async (sql: TransactionSql) => {
      await lockCodecs(sql);
      const [codec] = await selectCodecs(sql, { tenant, id });
      if (!codec) return new ApiFailure('codec_unknown', attempt);
      const users = await selectUsers(sql, codec);
      if (users.length > 0) return new ApiFailure('codec_in_use', attempt, `schemas name it: ${users.join(', ')}`);
      await deleteCodec(sql, id);
      return undefined;
    };
    return (await this.#database.run((sql) => sql.begin(work))) as ApiFailure | undefined;
  }

  /** The codec as it is run. Rejects while the database is away. */
  async planOf(codec: Codec): Promise<CodecPlan> {
    const { number, name, version, fuelMax, memoryPagesMax } = codec;
    const known = this.#plans.get(number);
    if (known) return known;
    const wasm = await this.moduleOf(codec);
    if (!wasm) throw new Error(`codec ${name}@${version} is gone from the database`);
    const module = new WebAssembly.Module(meteredModule(wasm, memoryPagesMax));
    const plan = { number, name: `${name}@${version}`, module, fuelMax };
    this.#plans.set(number, plan);
    return plan;
  }

  /** A plan with the codec that its format names; undefined: the tenant has none of that name. */
  async withCodec(tenant: string, format: string, plan: SchemaPlan): Promise<SchemaPlan | undefined> {
    const reference = codecOf(format);
    if (!reference) return plan;
    const [codec] = await this.list({ tenant, ...reference });
    return codec && { ...plan, codec: await this.planOf(codec) };
  }
}

/** Why the module cannot be a codec; undefined: it can. */
export function problemOf(wasm: Uint8Array, memoryPagesMax: number, fuelMax: number): string | undefined {
  let module: WebAssembly.Module;
  try {
    module = new WebAssembly.Module(meteredModule(wasm, memoryPagesMax));
  } catch (error) {
    if (error instanceof ModuleProblem) return error.message;
    throw error;
  }
  try {
    new CodecInstance({ number: 0, name: '', module, fuelMax }, new CodecOutput(new Uint8Array(0)));
    return undefined;
  } catch (error) {
    return `it cannot be brought up: ${(error as Error).message}`;
  }
}
