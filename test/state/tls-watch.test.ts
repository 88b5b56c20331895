import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TlsMaterial } from '../../src/contract/tls-material.js';
import { checkTls } from '../../src/sockets/tls-options.js';
import { TlsWatch } from '../../src/state/tls-watch.js';
import { certify } from '../support/certificate.js';

function watched() {
  const pair = ({ cert, key }: TlsMaterial): TlsMaterial => ({ cert, key });
  const first = pair(certify('localhost'));
  const state = { files: first as TlsMaterial | Error, applied: [] as TlsMaterial[], events: [] as string[] };
  const read = () => {
    if (state.files instanceof Error) throw state.files;
    return state.files;
  };
  const event = (_: string, name: string) => void state.events.push(name);
  const watch = new TlsWatch(first, {
    read,
    check: checkTls,
    apply: (material) => void state.applied.push(material),
    event,
    lookMs: 3_600_000,
  });
  return { state, watch, first, pair };
}

test('new files are used once they hold together, and once', () => {
  const { state, watch, pair } = watched();
  watch.look();
  const next = pair(certify('localhost', undefined, 90));
  state.files = next;
  watch.look();
  watch.look();
  assert.deepEqual([state.applied, state.events], [[next], ['tls-files-renewed']]);
  const [used] = watch.certificates;
  assert.equal(used?.name, 'server');
  assert.ok(Math.abs((used?.expiresMs ?? 0) - Date.now() - 90 * 86_400_000) < 60_000);
  watch.close();
});

test('a bad pair leaves the old one in use and is reported once, until there is a good one', () => {
  const { state, watch, first, pair } = watched();
  const next = pair(certify('localhost'));
  const before = watch.certificates;
  const gone = Object.assign(new Error('ENOENT: no such file'), { syscall: 'open' });
  for (const files of [{ ...next, key: first.key }, { ...next, cert: 'not PEM' }, gone]) {
    state.files = files;
    watch.look();
    watch.look();
    assert.deepEqual(state.events.splice(0), ['tls-files-not-used']);
  }
  assert.deepEqual([state.applied, watch.certificates], [[], before]);
  state.files = next;
  watch.look();
  assert.deepEqual([state.applied, state.events], [[next], ['tls-files-renewed']]);
  watch.close();
});

test('files of before that are there again after they could not be read or used are no new ones', () => {
  const { state, watch, first, pair } = watched();
  const gone = Object.assign(new Error('ENOENT: no such file'), { syscall: 'open' });
  for (const files of [gone, { ...first, key: pair(certify('localhost')).key }]) {
    state.files = files;
    watch.look();
    assert.deepEqual(state.events.splice(0), ['tls-files-not-used']);
    state.files = first;
    watch.look();
    watch.look();
    assert.deepEqual([state.applied, state.events], [[], []]);
  }
  watch.close();
});
