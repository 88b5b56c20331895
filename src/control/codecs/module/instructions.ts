import { ModuleProblem, type ModuleReader } from './binary.js';

export const BLOCK = 0x02;
export const LOOP = 0x03;
export const IF = 0x04;
export const END = 0x0b;
export const CALL = 0x10;
export const CALL_INDIRECT = 0x11;
const BRANCH_TABLE = 0x0e;
const SELECT_TYPED = 0x1c;
const LOAD_FIRST = 0x28;
const STORE_LAST = 0x3e;
const I64_CONST = 0x42;
const F32_CONST = 0x43;
const F64_CONST = 0x44;
const PLAIN_FIRST = 0x45;
const PLAIN_LAST = 0xc4;
export const PREFIX = 0xfc;
export const MEMORY_INIT = 8;
export const MEMORY_COPY = 10;
export const MEMORY_FILL = 11;
const SATURATING_LAST = 7;
/** Larger ones say that the number of a memory follows. */
const ALIGNMENT_MAX = 4;

/** Instructions without immediates, of one number, and of two. §5.4 */
const plain = new Set([0x00, 0x01, 0x05, END, 0x0f, 0x1a, 0x1b]);
const ofOneNumber = new Set([BLOCK, LOOP, IF, 0x0c, 0x0d, CALL, 0x20, 0x21, 0x22, 0x23, 0x24, 0x3f, 0x40, 0x41, I64_CONST]);

const proposals = new Map([
  [0x06, 'exceptions'],
  [0x08, 'exceptions'],
  [0x1f, 'exceptions'],
  [0x12, 'tail calls'],
  [0x13, 'tail calls'],
  [0x25, 'table instructions'],
  [0x26, 'table instructions'],
  [0xd0, 'references'],
  [0xd2, 'references'],
  [0xfb, 'garbage collection'],
  [0xfd, 'SIMD'],
  [0xfe, 'threads'],
]);

/** Passes over the immediates of an instruction whose opcode was read; answers the second opcode after PREFIX. */
export function skipImmediates(reader: ModuleReader, opcode: number): number {
  if (plain.has(opcode) || (opcode >= PLAIN_FIRST && opcode <= PLAIN_LAST)) return 0;
  if (ofOneNumber.has(opcode)) reader.skipNumber();
  else if (opcode >= LOAD_FIRST && opcode <= STORE_LAST) {
    if (reader.u32() > ALIGNMENT_MAX) throw new ModuleProblem('it uses several memories');
    reader.skipNumber();
  } else if (opcode === CALL_INDIRECT) {
    reader.skipNumber();
    reader.skipNumber();
  } else if (opcode === BRANCH_TABLE) {
    reader.vector(() => reader.skipNumber());
    reader.skipNumber();
  } else if (opcode === SELECT_TYPED) reader.vector(() => reader.skipNumber());
  else if (opcode === F32_CONST) reader.skip(4);
  else if (opcode === F64_CONST) reader.skip(8);
  else if (opcode === PREFIX) return skipOfPrefix(reader);
  else throw new ModuleProblem(`it uses ${proposals.get(opcode) ?? `the instruction 0x${opcode.toString(16)}`}, which codecs may not`);
  return 0;
}

/** What changes tables, or drops data, would outlast the message that does it. */
function skipOfPrefix(reader: ModuleReader): number {
  const opcode = reader.u32();
  if (opcode <= SATURATING_LAST) return opcode;
  if (opcode === MEMORY_INIT || opcode === MEMORY_COPY) {
    reader.skipNumber();
    reader.skipNumber();
  } else if (opcode === MEMORY_FILL) reader.skipNumber();
  else throw new ModuleProblem('it uses data.drop or table instructions, which codecs may not');
  return opcode;
}
