import { METER_DEPTH, METER_FUEL, METER_GLOBAL } from '../../../contract/codecs/codec-abi.js';
import { ModuleProblem, named, unsigned } from './binary.js';
import { type MeterNumbers, meteredBody } from './meter.js';
import {
  CODE,
  checkExports,
  checkTables,
  EXPORTS,
  type FunctionType,
  functionTypesOf,
  GLOBALS,
  globalsOf,
  importsOf,
  MEMORIES,
  memoryPagesOf,
  SECTION_ORDER,
  sectionReader,
  sectionsOf,
  typesOf,
} from './sections.js';

const I32_MUTABLE_ZERO = [0x7f, 0x01, 0x41, 0x00, 0x0b] as const;
const GLOBAL = 3;
const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00] as const;
const HAS_MAX = 1;

/**
 * The module of a codec as it is run: each run is paid for, its memory cannot grow beyond `pagesMax`, and what it remembers can be set back.
 * Throws a ModuleProblem that says why the module is no codec.
 */
export function meteredModule(bytes: Uint8Array, pagesMax: number): Uint8Array<ArrayBuffer> {
  if (!WebAssembly.validate(Uint8Array.from(bytes))) throw new ModuleProblem('it is no valid WebAssembly module');
  const sections = sectionsOf(bytes);
  const types = typesOf(sections);
  const imports = importsOf(sections, types);
  const own = functionTypesOf(sections).map((type) => types[type]!);
  const ofImport: FunctionType = { parameters: [], results: [] };
  checkExports(sections, (number) => own[number - imports] ?? ofImport);
  checkTables(sections);
  const pages = memoryPagesOf(sections);
  if (pages > pagesMax) throw new ModuleProblem(`its memory begins with ${pages} pages, and the limit is ${pagesMax}`);
  const globals = globalsOf(sections);
  const numbers = { fuel: globals.length, depth: globals.length + 1, imports };
  sections.set(MEMORIES, Uint8Array.from([1, HAS_MAX, ...unsigned(pages), ...unsigned(pagesMax)]));
  sections.set(GLOBALS, withEntries(sections, GLOBALS, [I32_MUTABLE_ZERO, I32_MUTABLE_ZERO]));
  sections.set(EXPORTS, withEntries(sections, EXPORTS, exportsOf(globals, numbers)));
  sections.set(CODE, meteredCode(sections, own, numbers));
  const parts = SECTION_ORDER.flatMap((id) => {
    const section = sections.get(id);
    return section ? [Uint8Array.from([id, ...unsigned(section.length)]), section] : [];
  });
  const metered = Uint8Array.from(Buffer.concat([Uint8Array.from(HEADER), ...parts]));
  if (!WebAssembly.validate(metered)) throw new ModuleProblem('its instructions cannot be counted');
  return metered;
}

function exportsOf(globals: readonly boolean[], { fuel, depth }: MeterNumbers): (readonly number[])[] {
  const entry = (name: string, number: number) => [...named(name), GLOBAL, ...unsigned(number)];
  const state = globals.flatMap((isMutable, number) => (isMutable ? [entry(`${METER_GLOBAL}${number}`, number)] : []));
  return [entry(METER_FUEL, fuel), entry(METER_DEPTH, depth), ...state];
}

/** A section that is a vector, with entries added at its end. */
function withEntries(sections: ReadonlyMap<number, Uint8Array>, id: number, added: readonly (readonly number[])[]): Uint8Array {
  const reader = sectionReader(sections, id);
  const count = reader?.u32() ?? 0;
  const entries = reader ? reader.bytes.subarray(reader.at) : new Uint8Array(0);
  return Buffer.concat([Uint8Array.from(unsigned(count + added.length)), entries, Uint8Array.from(added.flat())]);
}

function meteredCode(sections: ReadonlyMap<number, Uint8Array>, types: readonly FunctionType[], numbers: MeterNumbers): Uint8Array {
  const reader = sectionReader(sections, CODE);
  if (!reader) throw new ModuleProblem('it has no code');
  let next = 0;
  const bodies = reader.vector(() => {
    const bytes = reader.u32();
    const from = reader.at;
    reader.skip(bytes);
    const body = meteredBody(reader.bytes.subarray(from, reader.at), types[next++]!.parameters.length, numbers);
    return Buffer.concat([Uint8Array.from(unsigned(body.length)), Uint8Array.from(body)]);
  });
  return Buffer.concat([Uint8Array.from(unsigned(bodies.length)), ...bodies]);
}
