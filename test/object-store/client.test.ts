import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { ObjectStore } from '../../src/object-store/client.js';
import { StoreFailure, type StoreFailureCode, storeFailures } from '../../src/object-store/failure.js';
import { ModelStore } from '../support/s3/model-store.js';

/** Where silence is what is tested; elsewhere a process that has much else to do is not taken for silent. */
const SILENCE_MS = 500;
const PATIENCE_MS = 30_000;
const BYTES_MAX = 1000;

let model: ModelStore;
before(async () => {
  model = await ModelStore.start();
});
after(() => model.stop());
beforeEach(() => model.reset());

const open = (change: Partial<ModelStore['place']> = {}, silenceMs = PATIENCE_MS) =>
  new ObjectStore({ ...model.place, ...change }, silenceMs);

test('what is put is listed, over several pages, and got; what is removed is gone', async () => {
  const store = open();
  const names = ['00/1', '00/2', '01/3', '01/4', '02/5'];
  for (const name of names) assert.equal(await store.put(name, Buffer.from(name)), undefined);
  model.objects.set('deployment/topic-of-another/00/6', Buffer.alloc(1));
  const listed = await store.list('');
  assert.ok(!(listed instanceof StoreFailure));
  assert.deepEqual(
    listed.map(({ key }) => key),
    names,
  );
  assert.equal(String(await store.get('01/3', BYTES_MAX)), '01/3');
  assert.equal(await store.remove('01/3'), undefined);
  assert.deepEqual(model.names.includes('01/3'), false);
  assert.ok(model.requests.every((request) => /^\w+ (deployment\/topic\/.*)?$/.test(request)));
});

test('an object of no byte is one', async () => {
  const store = open();
  assert.equal(await store.put('empty', Buffer.alloc(0)), undefined);
  assert.deepEqual(Buffer.from((await store.get('empty', BYTES_MAX)) as Uint8Array), Buffer.alloc(0));
});

const said = (status: number, code: string) => (_: IncomingMessage, response: ServerResponse) => {
  response.writeHead(status).end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>So it is</Message></Error>`);
  return true;
};
const faults: readonly [what: string, code: StoreFailureCode, message: RegExp, fault: ModelStore['fault']][] = [
  ['a wrong secret', 'checkpoint_store_denied', /status 403, SignatureDoesNotMatch: So it is$/, said(403, 'SignatureDoesNotMatch')],
  ['a clock that is off', 'checkpoint_store_denied', /RequestTimeTooSkewed/, said(403, 'RequestTimeTooSkewed')],
  ['no such bucket', 'checkpoint_store_bucket_missing', /NoSuchBucket/, said(404, 'NoSuchBucket')],
  ['another region', 'checkpoint_store_moved', /PermanentRedirect/, said(301, 'PermanentRedirect')],
  ['an error of the store', 'checkpoint_store_failing', /status 500, InternalError/, said(500, 'InternalError')],
  ['too many requests', 'checkpoint_store_failing', /SlowDown/, said(503, 'SlowDown')],
  ['no such object', 'checkpoint_store_refused', /NoSuchKey/, said(404, 'NoSuchKey')],
  ['a page of something else', 'checkpoint_store_failing', /status 502$/, (_, response) => !!response.writeHead(502).end('<html>')],
  ['no answer', 'checkpoint_store_silent', /no answer in time$/, () => true],
  [
    'an answer that stops in the middle',
    'checkpoint_store_silent',
    /no answer in time$/,
    (_, response) => response.writeHead(200, { 'content-length': 100 }).write('half') || true,
  ],
  [
    'an answer that is cut off',
    'checkpoint_store_cut_off',
    /^cannot /,
    (_, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('half', () => response.destroy());
      return true;
    },
  ],
  ['a connection that is reset', 'checkpoint_store_unreachable', /^cannot /, (_, response) => !!response.destroy()],
];

for (const [what, code, message, fault] of faults) {
  test(`${what}: ${code}, for every call, and no call waits for ever`, async () => {
    model.fault = fault;
    const silenceMs = code === 'checkpoint_store_silent' ? SILENCE_MS : PATIENCE_MS;
    const store = open({}, silenceMs);
    const answers = [
      await store.list(''),
      await store.get('00/1', BYTES_MAX),
      await store.remove('00/1'),
      await store.put('00/1', Buffer.alloc(10), AbortSignal.timeout(silenceMs)),
    ];
    for (const answer of answers) {
      assert.ok(answer instanceof StoreFailure, String(answer));
      assert.equal(answer.code, code);
      assert.match(answer.message, message);
      assert.match(answer.message, /^cannot (list|get|delete|put) s3:\/\/bucket\/deployment\/topic\//);
      assert.equal(answer.fields.wayOut, storeFailures[code]);
      assert.doesNotMatch(JSON.stringify(answer.fields), /secret"/);
    }
  });
}

test('nobody there, no such host, another kind of server, more bytes than a checkpoint has', async () => {
  const codeOf = async (answer: Promise<unknown>) => ((await answer) as StoreFailure).code;
  assert.equal(await codeOf(open({ endpoint: 'http://127.0.0.1:1' }).list('')), 'checkpoint_store_unreachable');
  assert.equal(await codeOf(open({ endpoint: 'http://store.invalid' }).list('')), 'checkpoint_store_unreachable');
  model.fault = (_, response) => !!response.end('<html>Sign in</html>');
  assert.equal(await codeOf(open().list('')), 'checkpoint_store_foreign');
  model.fault = () => false;
  model.lay('00/1', Buffer.alloc(BYTES_MAX + 1));
  assert.equal(await codeOf(open().get('00/1', BYTES_MAX)), 'checkpoint_store_foreign');
});

test('an answer that comes slowly but comes is waited for', async () => {
  const bytes = Buffer.from('slowly, byte by byte');
  model.fault = (_, response) => {
    let at = 0;
    const next = () => {
      if (at === bytes.length) return response.end();
      response.write(bytes.subarray(at, ++at));
      return setTimeout(next, SILENCE_MS / 10);
    };
    next();
    return true;
  };
  const got = await open({}, SILENCE_MS).get('00/1', BYTES_MAX);
  assert.equal(String(got), String(bytes));
});
