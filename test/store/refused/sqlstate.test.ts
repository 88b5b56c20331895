import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verdictOn } from '../../../src/store/refused/sqlstate.js';

const fromServer = (code: string) => verdictOn(Object.assign(new Error(), { code, severity: 'ERROR' }));

test('what a constraint, a type or a trigger says of a row is about the row', () => {
  const states = ['23514', '23505', '23502', '22008', '22021', '22P02', '21000', '42804', '44000', 'P0001', 'P0004', '54000', 'SP001'];
  for (const code of states) assert.equal(fromServer(code), 'data', code);
});

test('what passes, and what an operator mends, is tried again', () => {
  const states = [
    '08006',
    '53100',
    '57P01',
    '57014',
    '58030',
    '40001',
    '40P01',
    '55P03',
    'XX000',
    '25006',
    '42P01',
    '42501',
    '22P03',
    '22P04',
    'TS501',
  ];
  for (const code of states) assert.equal(fromServer(code), 'again', code);
});

test("the client's and the system's own errors are tried again, also those that look like states", () => {
  for (const code of ['CONNECTION_CLOSED', 'ECONNRESET', 'EPERM', undefined]) assert.equal(verdictOn({ code, message: '' }), 'again', code);
  assert.equal(verdictOn(new Error('of the program')), 'again');
});
