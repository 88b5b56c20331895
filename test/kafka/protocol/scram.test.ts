import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScramExchange } from '../../../src/kafka/protocol/scram.js';

// The example of RFC 7677 §3.
const USER = { username: 'user', password: 'pencil' };
const NONCE = 'rOprNGfwEbeRWgbNEkqO';
const SERVER_NONCE = `${NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0`;
const SERVER_FIRST = `r=${SERVER_NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`;
const PROOF = 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';
const SERVER_FINAL = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=';

test('an exchange is the one of the RFC, and the server has to prove itself as well', async () => {
  const scram = new ScramExchange('SCRAM-SHA-256', USER, NONCE);
  assert.equal(scram.first(), `n,,n=user,r=${NONCE}`);
  assert.equal(await scram.final(SERVER_FIRST), `c=biws,r=${SERVER_NONCE},p=${PROOF}`);
  scram.verify(SERVER_FINAL);
  assert.throws(() => scram.verify(SERVER_FINAL.replace('6', '7')), /does not know the password/);
  assert.throws(() => scram.verify('e=invalid-proof'), /refuses: invalid-proof/);
});

test('an answer to another exchange, and one that asks for too much work, are refused', async () => {
  const scram = new ScramExchange('SCRAM-SHA-256', USER, NONCE);
  await assert.rejects(scram.final(SERVER_FIRST.replace('rOp', 'xOp')), /answers another exchange/);
  await assert.rejects(scram.final(`r=${NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`), /answers another exchange/);
  for (const count of ['4000000000', '0', 'many', '']) {
    await assert.rejects(scram.final(`r=${SERVER_NONCE},s=AAAA,i=${count}`), /iterations were asked for/);
  }
});

test('what separates fields is escaped in names, as in RFC 5802 §5.1', () => {
  const scram = new ScramExchange('SCRAM-SHA-512', { username: 'a=b,c', password: 'x' }, NONCE);
  assert.equal(scram.first(), `n,,n=a=3Db=2Cc,r=${NONCE}`);
});
