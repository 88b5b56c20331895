import { ApiFailure } from '../../contract/api-errors.js';
import { codecFormat } from '../../contract/codecs/codec-name.js';
import type { SchemaPlan } from '../../contract/schemas/schema-plan.js';
import { amongBuiltIn } from '../../contract/topic-rules/tenant-rules.js';
import { problemOf } from '../codecs/codecs.js';
import { meteredModule } from '../codecs/module/metered-module.js';
import { isRefused, told } from '../schemas/definition/definition.js';
import { readDefinition } from '../schemas/definition/read-definition.js';
import { Resolver } from '../schemas/resolver.js';
import { planOf, type Schema } from '../schemas/schema-version.js';
import { TrialDecoder } from '../topic-rules/trial-decoder.js';
import type { PackCodec, PackContent } from './content.js';
import { runVector, type VectorResult } from './vectors.js';

/** Numbers of versions that are not made yet count down from here; no version has them. */
const DRAFT_NUMBER = 0x7fffffff;
const DRAFT_CODEC = 0x7fffffff;
const ANY_VERSION = 1;

/** A pack in whose content nothing is wrong, as far as that is known without a tenant. */
export interface CheckedPack {
  readonly content: PackContent;
  /** Of its schemas, in their order. */
  readonly plans: readonly SchemaPlan[];
  /** By which of the plans messages of a device of the class are read. */
  planOf(firmwareVersion: string | null): SchemaPlan | undefined;
}

/** Compiles what the pack brings. Nothing of it is kept. */
export function checkPack(attempt: string, content: PackContent): CheckedPack | ApiFailure {
  const { codec, schemas, deviceClass = '' } = content;
  const problem = codec && problemOf(codec.wasm, codec.memoryPagesMax, codec.fuelMax);
  if (problem !== undefined) return new ApiFailure('pack_invalid', attempt, `codec: ${problem}`);
  const compiled = codec && planOfCodec(codec);
  const plans: SchemaPlan[] = [];
  const resolved: Schema[] = [];
  for (const [at, { format, definition, mode = 'strict', firmwareVersion }] of schemas.entries()) {
    const written = format === 'codec' ? codecFormat({ name: codec?.name ?? '', version: ANY_VERSION }) : format;
    const read = readDefinition(written, definition);
    if (isRefused(read)) return new ApiFailure('pack_invalid', attempt, `schemas.${at}.schema_definition: ${told(read)}`);
    const number = DRAFT_NUMBER - at;
    const plan = planOf({ number, mode, format: written }, read);
    plans.push(compiled && format === 'codec' ? { ...plan, codec: compiled } : plan);
    const version = { version: ANY_VERSION, number } as Schema['versions'][number];
    resolved.push({
      id: String(at),
      tenant: '',
      deviceClass,
      firmwareVersion,
      versions: [version],
      pinned: undefined,
      retiredAtMs: undefined,
    });
  }
  const resolver = new Resolver(resolved);
  return {
    content,
    plans,
    planOf: (firmwareVersion) => {
      const number = resolver.numberOf({ tenant: '', deviceClass, firmwareVersion, schemaId: null, schemaVersion: 0 });
      return plans.find((plan) => plan.number === number);
    },
  };
}

function planOfCodec({ name, wasm, fuelMax, memoryPagesMax }: PackCodec) {
  return { number: DRAFT_CODEC, name, module: new WebAssembly.Module(meteredModule(wasm, memoryPagesMax)), fuelMax };
}

/** Runs the pack's own messages by its own rules and schemas, in a kernel of their own: it would keep the codec. */
export function runVectors({ content, planOf }: CheckedPack): VectorResult[] {
  const byFirmware = (version: string | undefined) => planOf(version ?? null);
  const ground = { decoder: new TrialDecoder(), rules: amongBuiltIn(content.topicRules), planOf: byFirmware };
  return content.vectors.map((vector) => runVector(ground, vector));
}
