import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BrokerAnswer, BrokerQuestion } from '../../src/contract/threads/broker.js';
import { ADMIN_KEY, startServerUnderTest } from '../support/server-under-test.js';
import { hostedOutcome } from './hosted-command.js';
import { temporaryFolder } from './run-spillway.js';

const session = {
  ...{ tenant: 'default', key: 's:1:screen', label: 'screen', isConnected: false, level: 5, expirySeconds: 60, sinceMs: 0 },
  ...{ subscriptions: 1, queued: 2, queuedBytes: 64, inFlight: 0, dropped: 3 },
};

function answerOf(question: BrokerQuestion): BrokerAnswer {
  switch (question.kind) {
    case 'sessions':
      return { kind: 'sessions', sessions: [session], next: 'default\ns:1:screen' };
    case 'session':
      return { kind: 'session', session: { ...session, filters: [{ filter: 'plant/#', qos: 1 }], hasWill: false } };
    case 'retained':
      return { kind: 'retained', entries: [{ topic: 'plant/mode', bytes: 4, qos: 1, payloadStart: 'ZWNvCg==', atMs: 0 }] };
    case 'publish':
      return { kind: 'published', clients: 1 };
    default:
      return { kind: 'dropped', found: true };
  }
}

test('sessions and retained messages are shown and ended, and a message is published', async (t) => {
  const server = await startServerUnderTest();
  t.after(() => server.close());
  const asked: BrokerQuestion[] = [];
  server.plane.onBrokerAsked = (question) => {
    asked.push(question);
    return Promise.resolve(answerOf(question));
  };
  const folder = temporaryFolder(t);
  const run = (...args: string[]) => hostedOutcome(folder, [...args, '--url', server.url], { SPILLWAY_ADMIN_KEY: ADMIN_KEY });
  assert.match(
    (await run('session', 'list')).stdout,
    /^TENANT +KEY +CLIENT +STATE +SUBSCRIPTIONS +QUEUED +DROPPED\ndefault +s:1:screen +screen +away +1 +2 +3\nmore: --cursor \S+\n$/,
  );
  assert.match(
    (await run('session', 'show', 's:1:screen')).stdout,
    /^session s:1:screen of service screen, .*\nFILTER +QOS\nplant\/# +1\n$/s,
  );
  assert.equal((await run('session', 'drop', 's:1:screen')).stdout, 'session s:1:screen of tenant default is dropped\n');
  assert.match((await run('retained', 'list')).stdout, /\nplant\/mode +1 +4 +1970-01-01T00:00:00.000Z +eco·\n$/);
  assert.equal((await run('retained', 'rm', 'plant/mode')).stdout, 'the retained message of plant/mode in tenant default is deleted\n');
  const published = await run('publish', 'plant/mode', 'eco', '--qos', '1', '--retain', '--expiry', '9');
  assert.equal(published.stdout, 'published on plant/mode: 1 subscriber gets it\n');
  const message = { tenant: 'default', topic: 'plant/mode', payload: new Uint8Array(Buffer.from('eco')), qos: 1 };
  assert.deepEqual(asked.at(-1), { kind: 'publish', ...message, retain: true, expirySeconds: 9 });
  assert.equal((await run('publish', 'plant/mode')).code, 2);
});
