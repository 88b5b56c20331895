import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FLAG_TRANSPORT_COAP, FLAG_TRANSPORT_MASK, FORMAT_BY_SHAPE, FORMAT_CBOR, FORMAT_SENML_CBOR } from '../../assembly/abi/block.js';
import { type CoapMessage, optionOf, uint, uintOf, writeMessage } from '../../src/gateway/coap/message.js';
import { until } from '../support/until.js';
import { ACK, type Asked, block, CON, CoapClient, codeOf, DELETE, GET, NON, PUT, RST, request } from './coap-client.js';
import { device, GatewayThread, TOKEN } from './gateway-thread.js';

let gateway: GatewayThread;
let client: CoapClient;

before(async () => {
  gateway = await GatewayThread.start([
    device(1, 'ts1'),
    device(2, 'sleeper', { status: 'inactive' }),
    device(3, 'ts1', { tenant: 'acme' }),
  ]);
  client = new CoapClient(gateway.ports.coap!);
});

after(async () => {
  client.close();
  await gateway.stop();
});

const PING = Buffer.from([0x40, 0, 0x77, 0x77]);
const textOf = ({ payload }: CoapMessage) => payload.toString();
const taken = (payload: string) => gateway.records.filter((record) => record.payload === payload);

for (const [name, asked, deviceNumber, format] of [
  ['POST to the telemetry of the device', {}, 1, FORMAT_BY_SHAPE],
  ['PUT does the same', { code: PUT }, 1, FORMAT_BY_SHAPE],
  ['POST to /v1/ingest/{id}', { path: 'v1/ingest/ts1' }, 1, FORMAT_BY_SHAPE],
  ['of a tenant that the query names', { queries: [`token=${TOKEN}`, 'tenant=acme'] }, 3, FORMAT_BY_SHAPE],
  ['with the token in option 65000', { queries: [], options: [[65000, Buffer.from(TOKEN)]] }, 1, FORMAT_BY_SHAPE],
  ['CBOR', { options: [[12, uint(60)]] }, 1, FORMAT_CBOR],
  ['SenML of CBOR', { options: [[12, uint(112)]] }, 1, FORMAT_SENML_CBOR],
  ['JSON', { options: [[12, uint(50)]] }, 1, FORMAT_BY_SHAPE],
  ['with an elective option that nobody knows', { options: [[65002, Buffer.from('x')]] }, 1, FORMAT_BY_SHAPE],
  ['with Uri-Port', { options: [[7, uint(5683)]] }, 1, FORMAT_BY_SHAPE],
] as [string, Asked, number, number][]) {
  test(`a message is taken in: ${name}`, async () => {
    const payload = `{"case":"${name}"}`;
    const bytes = request({ ...asked, token: 'abcdefgh', payload });
    const answer = await client.ask(bytes);
    assert.deepEqual([answer.type, codeOf(answer), answer.token.toString()], [ACK, '2.04', 'abcdefgh']);
    assert.equal(answer.messageId, bytes.readUInt16BE(2));
    const [record] = taken(payload);
    assert.deepEqual([record?.device, record?.format], [deviceNumber, format]);
    assert.equal((record?.flags ?? 0) & FLAG_TRANSPORT_MASK, FLAG_TRANSPORT_COAP);
  });
}

for (const [name, asked, code, text] of [
  ['a wrong token', { queries: ['token=wrong'] }, '4.01', /^credentials_invalid: .* token= or option 65000, and tenant= where/],
  ['no token', { queries: [] }, '4.01', /^cred/],
  ['a device that is not registered, as a wrong token', { path: 'devices/nobody/telemetry' }, '4.01', /^credentials_invalid/],
  ['a device that is inactive', { path: 'devices/sleeper/telemetry' }, '4.03', /^device_inactive/],
  ['another path', { path: 'devices/ts1/other' }, '4.04', /^coap_path_unknown/],
  ['GET of commands', { code: GET, path: 'devices/ts1/commands', payload: '' }, '4.04', /^coap_path_unknown/],
  ['Observe of commands', { code: GET, path: 'devices/ts1/commands', options: [[6, uint(0)]] }, '4.04', /^coap_path_unknown/],
  ['a block of commands', { code: GET, path: 'devices/ts1/commands', options: [block(27, 0, false, 64)] }, '4.04', /^coap_path_unknown/],
  ['POST to commands', { path: 'devices/ts1/commands' }, '4.04', /^coap_path_unknown/],
  ['GET of telemetry', { code: GET }, '4.05', /^coap_method_unsupported/],
  ['a block of telemetry by GET', { code: GET, options: [block(27, 0, false, 64)] }, '4.05', /^coap_method_unsupported/],
  ['another method', { code: DELETE }, '4.05', /^coap_method_unsupported/],
  ['a critical option that nobody knows', { options: [[9, Buffer.from('x')]] }, '4.02', /^coap_option_unsupported/],
  ['a query that nobody knows', { queries: [`token=${TOKEN}`, 'topic=x'] }, '4.02', /^coap_option_unsupported/],
  ['a Content-Format that nobody knows', { options: [[12, uint(41)]] }, '4.15', /^coap_format_unsupported/],
  ['a request to a proxy', { options: [[35, Buffer.from('coap://x/')]] }, '5.05', /^coap_proxying/],
] as [string, Asked, string, RegExp][]) {
  test(`a message is refused: ${name}`, async () => {
    const bytes = request({ ...asked, payload: `{"refused":"${name}"}` });
    const answer = await client.ask(bytes);
    assert.deepEqual([answer.type, codeOf(answer)], [ACK, code]);
    assert.match(textOf(answer), text);
    assert.ok(answer.payload.length <= 3 * bytes.length, 'an answer stays small beside its request');
    assert.equal(taken(`{"refused":"${name}"}`).length, 0);
  });
}

for (const [name, bytes] of [
  ['a ping', [0x40, 0, 0x12, 0x34]],
  ['a token of nine bytes', [0x49, 2, 0x12, 0x34, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
  ['an option that is longer than the message', [0x40, 2, 0x12, 0x34, 0xb9, 0x61]],
  ['a marker without a payload', [0x40, 2, 0x12, 0x34, 0xff]],
  ['an option of the reserved length', [0x40, 2, 0x12, 0x34, 0xbf]],
  ['a response that nobody asked for', [0x40, 0x45, 0x12, 0x34]],
] as const) {
  test(`${name} gets RST`, async () => {
    const answer = await client.ask(Buffer.from(bytes));
    assert.deepEqual([answer.type, answer.code, answer.messageId], [RST, 0, 0x1234]);
  });
}

test('other versions, malformed NONs and stray acknowledgements get no answer', async () => {
  const count = client.answers.length;
  for (const bytes of [[0x80, 2, 1, 1], [0x50, 2, 1, 2, 0xff], [0x60, 0, 1, 3], [0x70, 0, 1, 4], [0x40]]) client.send(Buffer.from(bytes));
  const answer = await client.ask(PING);
  assert.equal(answer.messageId, 0x7777);
  assert.equal(client.answers.length, count + 1);
});

test('a CON that comes again is answered again and stored once, also while it waits', async () => {
  gateway.freeze();
  const bytes = request({ payload: '{"again":1}' });
  for (let i = 0; i < 3; i++) client.send(bytes);
  assert.equal((await client.ask(PING)).type, RST, 'all before it were looked at');
  const count = client.answers.length;
  await until('the record', () => taken('{"again":1}').length > 0);
  gateway.thaw();
  await until('the answer', () => client.answers.length > count);
  const again = await client.ask(bytes);
  assert.deepEqual(client.answers.slice(count).map(codeOf), ['2.04', '2.04']);
  assert.deepEqual(again, client.answers[count]);
  assert.equal(taken('{"again":1}').length, 1);
});

test('the same message id of another endpoint is another message', async () => {
  const other = new CoapClient(gateway.ports.coap!);
  const bytes = request({ payload: '{"endpoints":2}' });
  await client.ask(bytes);
  await other.ask(bytes);
  other.close();
  assert.equal(taken('{"endpoints":2}').length, 2);
});

test('a client that waits for long gets an empty acknowledgement first, then the answer as a CON', async () => {
  gateway.freeze();
  const empty = await client.ask(request({ messageId: 0x6001, token: 'sep', payload: '{"slow":1}' }));
  assert.deepEqual([empty.type, empty.code, empty.messageId, empty.token.length], [ACK, 0, 0x6001, 0]);
  const count = client.answers.length;
  gateway.thaw();
  await until('the answer', () => client.answers.length > count);
  const answer = client.answers[count]!;
  assert.deepEqual([answer.type, codeOf(answer), answer.token.toString()], [CON, '2.04', 'sep']);
  client.send(Buffer.from([0x60, 0, answer.messageId >> 8, answer.messageId & 0xff]));
});

test('a NON is answered by a NON, and not at all where No-Response says so', async () => {
  const answer = await client.ask(request({ type: NON, token: 'n', payload: '{"non":1}' }));
  assert.deepEqual([answer.type, codeOf(answer), answer.token.toString()], [NON, '2.04', 'n']);
  const count = client.answers.length;
  client.send(request({ type: NON, options: [[258, uint(2)]], payload: '{"non":2}' }));
  client.send(request({ type: NON, queries: [], options: [[258, uint(8)]] }));
  await until('the record', () => taken('{"non":2}').length === 1);
  await client.ask(PING);
  assert.equal(client.answers.length, count + 1);
});

test('a body in blocks is one message, whatever the tokens of its blocks', async () => {
  const body = `{"long":"${'x'.repeat(200)}"}`;
  const tag = [292, Buffer.from('abcd')] as const;
  for (let at = 0; at < body.length; at += 64) {
    const hasMore = at + 64 < body.length;
    const bytes = request({ token: `b${at}`, options: [block(27, at / 64, hasMore, 64), tag], payload: body.slice(at, at + 64) });
    const answer = await client.ask(bytes);
    assert.deepEqual([codeOf(answer), answer.token.toString()], [hasMore ? '2.31' : '2.04', `b${at}`]);
    assert.deepEqual(optionOf(answer, 27), block(27, at / 64, hasMore, 64)[1]);
    assert.deepEqual(await client.ask(bytes), answer, 'a block that comes again');
  }
  assert.equal(taken(body).length, 1);
});

test('blocks that leave one out get 4.08, and bodies that are too large 4.13 with what is not', async () => {
  const gap = { options: [block(27, 3, true, 16)], payload: 'x'.repeat(16) };
  assert.equal(codeOf(await client.ask(request(gap))), '4.08');
  const large = { options: [block(27, 0, true, 16), [60, uint(200_000)]] as const, payload: 'x'.repeat(16) };
  const answer = await client.ask(request(large));
  assert.equal(codeOf(answer), '4.13');
  assert.deepEqual(optionOf(answer, 60), uint(131072));
});

test('the links come in blocks that are small beside their requests, in the size that the client goes on with', async () => {
  const links = { code: GET, path: '.well-known/core', queries: [], payload: '' };
  let text = '';
  for (let number = 0, hasMore = true; hasMore; number++) {
    const bytes = request({ ...links, options: number === 0 ? [] : [block(23, number, false, 32)] });
    const answer = await client.ask(bytes);
    assert.equal(codeOf(answer), '2.05');
    assert.deepEqual(optionOf(answer, 12), uint(40));
    hasMore = ((uintOf(answer, 23) ?? 0) & 8) !== 0;
    assert.deepEqual(optionOf(answer, 23), block(23, number, hasMore, 32)[1]);
    assert.ok(writeMessage(answer).length <= 3 * bytes.length);
    text += textOf(answer);
  }
  assert.match(text, /^<\/\.well-known\/core>;ct="40",<\/devices\/\{id\}\/telemetry>;rt="spillway\.telemetry"/);
  const later = await client.ask(request({ ...links, options: [block(23, 1, false, 64)] }));
  assert.deepEqual([textOf(later), optionOf(later, 23)], [text.slice(64, 96), block(23, 2, true, 32)[1]]);
  const filtered = await client.ask(request({ ...links, queries: ['rt=none'] }));
  assert.deepEqual([codeOf(filtered), textOf(filtered), optionOf(filtered, 23)], ['2.05', '', undefined]);
});

test('a release answers all that waited for it', async () => {
  // No client's buffer is too small for its share.
  const [each, clients] = [150, Array.from({ length: 40 }, () => new CoapClient(gateway.ports.coap!))];
  gateway.freeze();
  const before = gateway.records.length;
  for (const [index, other] of clients.entries()) {
    for (let i = 0; i < each; i++) other.send(request({ payload: '{"many":1}', type: NON }));
    await until('the records', () => gateway.records.length - before === (index + 1) * each);
  }
  gateway.thaw();
  await until('the answers', () => clients.every(({ answers }) => answers.length === each));
  for (const other of clients) other.close();
});

test('a token that was replaced is refused from then on', async () => {
  const bytes = () => request({ path: 'devices/rotated/telemetry' });
  await gateway.putDevices([device(5, 'rotated')]);
  assert.equal(codeOf(await client.ask(bytes())), '2.04');
  await gateway.putDevices([device(5, 'rotated', { tokenHash: new Uint8Array(32) })]);
  assert.equal(codeOf(await client.ask(bytes())), '4.01');
});
