import { CODEC_ALLOC, CODEC_DECODE, CODEC_IMPORTS, CODEC_INITIALIZE, CODEC_MEMORY } from '../../../contract/codecs/codec-abi.js';
import { ModuleProblem, ModuleReader } from './binary.js';

export const TYPES = 1;
export const IMPORTS = 2;
export const FUNCTIONS = 3;
export const TABLES = 4;
export const MEMORIES = 5;
export const GLOBALS = 6;
export const EXPORTS = 7;
const START = 8;
export const ELEMENTS = 9;
export const CODE = 10;
export const DATA = 11;
export const DATA_COUNT = 12;
const CUSTOM = 0;
const HEADER_BYTES = 8;

/** In the order that a module has them. Core specification §5.5. */
export const SECTION_ORDER = [TYPES, IMPORTS, FUNCTIONS, TABLES, MEMORIES, GLOBALS, EXPORTS, ELEMENTS, DATA_COUNT, CODE, DATA] as const;

const TABLE_ENTRIES_MAX = 4096;
const HAS_MAX = 1;
const MUTABLE = 1;
const FUNCTION = 0;
const valueTypes = new Map([
  [0x7f, 'i32'],
  [0x7e, 'i64'],
  [0x7d, 'f32'],
  [0x7c, 'f64'],
]);

export interface FunctionType {
  readonly parameters: readonly string[];
  readonly results: readonly string[];
}

/** The functions of a codec, with the types of their parameters and results. */
const functions: readonly (readonly [string, string, string])[] = [
  [CODEC_ALLOC, 'i32', 'i32'],
  [CODEC_DECODE, 'i32 i32', 'i32'],
  [CODEC_INITIALIZE, '', ''],
];

/** The sections of a module by their number; those that the program does not need are left out. */
export function sectionsOf(bytes: Uint8Array): Map<number, Uint8Array> {
  const reader = new ModuleReader(bytes, HEADER_BYTES);
  const sections = new Map<number, Uint8Array>();
  while (!reader.isAtEnd) {
    const id = reader.byte();
    const size = reader.u32();
    const from = reader.at;
    reader.skip(size);
    if (id === START) throw new ModuleProblem('it has a start function: let it export _initialize in place of it');
    if (id === CUSTOM) continue;
    if (!(SECTION_ORDER as readonly number[]).includes(id)) throw new ModuleProblem(`it has a section ${id}, which codecs may not`);
    sections.set(id, bytes.subarray(from, reader.at));
  }
  return sections;
}

export function sectionReader(sections: ReadonlyMap<number, Uint8Array>, id: number): ModuleReader | undefined {
  const bytes = sections.get(id);
  return bytes && new ModuleReader(bytes);
}

export function typesOf(sections: ReadonlyMap<number, Uint8Array>): FunctionType[] {
  const reader = sectionReader(sections, TYPES);
  const read = (from: ModuleReader) => {
    if (from.byte() !== 0x60) throw new ModuleProblem('it has types of other things than functions');
    const [parameters, results] = [from.vector(() => valueType(from)), from.vector(() => valueType(from))];
    return { parameters, results };
  };
  return reader ? reader.vector(() => read(reader)) : [];
}

function valueType(reader: ModuleReader): string {
  const type = valueTypes.get(reader.byte());
  if (type === undefined) throw new ModuleProblem('it has values that are no numbers');
  return type;
}

/** How many functions it imports. Throws where it imports something else. */
export function importsOf(sections: ReadonlyMap<number, Uint8Array>, types: readonly FunctionType[]): number {
  const reader = sectionReader(sections, IMPORTS);
  if (!reader) return 0;
  const imports = reader.vector(() => {
    const [module, name, kind] = [reader.name(), reader.name(), reader.byte()];
    const known = CODEC_IMPORTS.find(([of, named]) => of === module && named === name);
    if (!known || kind !== FUNCTION) throw new ModuleProblem(`it imports ${module}.${name}, which is not offered`);
    const type = types[reader.u32()]!;
    const [, , parameters, result] = known;
    if (!isOf(type, parameters, result))
      throw new ModuleProblem(`it imports ${module}.${name} with other types than (${parameters}) -> (${result})`);
    return name;
  });
  return imports.length;
}

function isOf({ parameters, results }: FunctionType, wanted: string, result: string): boolean {
  return parameters.join(' ') === wanted && results.join(' ') === result;
}

/** Type of each function that it defines. */
export function functionTypesOf(sections: ReadonlyMap<number, Uint8Array>): number[] {
  const reader = sectionReader(sections, FUNCTIONS);
  return reader ? reader.vector(() => reader.u32()) : [];
}

/** Throws where it lacks what a codec exports. `typeOf`: type of a function by its number. */
export function checkExports(sections: ReadonlyMap<number, Uint8Array>, typeOf: (number: number) => FunctionType): void {
  const reader = sectionReader(sections, EXPORTS);
  const exported = new Map(reader?.vector(() => [reader.name(), { kind: reader.byte(), number: reader.u32() }] as const) ?? []);
  if (exported.get(CODEC_MEMORY)?.kind !== 2) throw new ModuleProblem(`it exports no memory named ${CODEC_MEMORY}`);
  for (const [name, parameters, result] of functions) {
    const found = exported.get(name);
    if (!found && name === CODEC_INITIALIZE) continue;
    if (found?.kind !== FUNCTION || !isOf(typeOf(found.number), parameters, result))
      throw new ModuleProblem(`it exports no function ${name}(${parameters})${result && ` -> ${result}`}`);
  }
}

/** Pages of its one memory at the start. */
export function memoryPagesOf(sections: ReadonlyMap<number, Uint8Array>): number {
  const reader = sectionReader(sections, MEMORIES);
  const memories =
    reader?.vector(() => {
      const flags = reader.byte();
      if (flags > HAS_MAX) throw new ModuleProblem('its memory is shared, or of 64 bits');
      const least = reader.u32();
      if (flags === HAS_MAX) reader.skipNumber();
      return least;
    }) ?? [];
  const [pages] = memories;
  if (pages === undefined || memories.length > 1) throw new ModuleProblem('it must have one memory of its own');
  return pages;
}

/** Throws where its tables are large. */
export function checkTables(sections: ReadonlyMap<number, Uint8Array>): void {
  const reader = sectionReader(sections, TABLES);
  reader?.vector(() => {
    if (reader.byte() !== 0x70) throw new ModuleProblem('it has a table of other things than functions');
    const flags = reader.byte();
    if (flags > HAS_MAX) throw new ModuleProblem('it has a table of another kind');
    if (reader.u32() > TABLE_ENTRIES_MAX) throw new ModuleProblem(`its table has more than ${TABLE_ENTRIES_MAX} entries`);
    if (flags === HAS_MAX) reader.skipNumber();
  });
}

/** Of each global that it defines, whether it changes. */
export function globalsOf(sections: ReadonlyMap<number, Uint8Array>): boolean[] {
  const reader = sectionReader(sections, GLOBALS);
  if (!reader) return [];
  return reader.vector(() => {
    valueType(reader);
    const isMutable = reader.byte() === MUTABLE;
    skipConstant(reader);
    return isMutable;
  });
}

/** A constant expression of one instruction, §3.3.10. */
function skipConstant(reader: ModuleReader): void {
  const opcode = reader.byte();
  if (opcode === 0x43) reader.skip(4);
  else if (opcode === 0x44) reader.skip(8);
  else if (opcode === 0x41 || opcode === 0x42 || opcode === 0x23) reader.skipNumber();
  else throw new ModuleProblem('a global begins with more than a number');
  if (reader.byte() !== 0x0b) throw new ModuleProblem('a global begins with more than a number');
}
