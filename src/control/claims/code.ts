import { createHash, randomBytes } from 'node:crypto';

// A code is 100 random bits in the digits of Crockford's base 32, which people read to one another and type:
// ABCDE-FGHJK-MNPQR-STVWX. I and L are taken for 1, and O for 0.

const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CODE_DIGITS = 20;
const GROUP_DIGITS = 5;

export function newCode(): string {
  const digits = Array.from(randomBytes(CODE_DIGITS), (byte) => DIGITS[byte & 31]).join('');
  return (digits.match(new RegExp(`.{${GROUP_DIGITS}}`, 'g')) as string[]).join('-');
}

/** What is kept of a code, however it was typed. As it is looked up by its hash, the time that takes says nothing of other codes. */
export function hashOfCode(code: string): Uint8Array {
  const digits = code.toUpperCase().replace(/[\s-]/g, '').replace(/[IL]/g, '1').replaceAll('O', '0');
  return createHash('sha256').update(`claim\0${digits}`).digest();
}
