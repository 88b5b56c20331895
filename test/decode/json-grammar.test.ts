import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORMAT_JSON, FORMAT_NDJSON, FORMAT_SENML_JSON } from '../../assembly/abi/block.js';
import { CODE_NONE } from '../../assembly/abi/codes.js';
import { refusalCode } from '../../src/contract/codes.js';
import { jsonFault } from '../../src/control/letters/json-fault.js';
import { jsonDocuments, openDocuments, otherDocuments } from '../cases/json-grammar.js';
import { RECEIVE_US } from '../cases/payloads.js';
import { FormatDecoder } from './format-decoder.js';

/** Reasons that say that a document is not JSON, or is one that goes too far. */
const NOT_JSON = new Set([
  ...['json_malformed', 'json_utf8_malformed', 'json_byte_order_mark', 'json_nul_at_end', 'json_depth_exceeded', 'payload_empty'],
]);

const readers = { JSON: new FormatDecoder(FORMAT_JSON), 'JSON lines': new FormatDecoder(FORMAT_NDJSON) };

function reasonOf(reader: FormatDecoder, document: string | Uint8Array): string | undefined {
  const { code } = reader.decode(Buffer.from(document as string), RECEIVE_US);
  return code === CODE_NONE ? undefined : refusalCode(code).name;
}

const shown = (document: string | Uint8Array) =>
  JSON.stringify(
    Buffer.from(document as string)
      .toString('latin1')
      .slice(0, 80),
  );

for (const [name, reader] of Object.entries(readers)) {
  test(`documents that are JSON are so for the reader of ${name}, whether they have readings or not`, () => {
    for (const document of jsonDocuments) {
      JSON.parse(document.toString());
      assert.ok(!NOT_JSON.has(reasonOf(reader, document) ?? ''), shown(document));
    }
  });
}

test('documents that are not JSON are refused as such, also as values and as names', () => {
  for (const document of otherDocuments) {
    assert.throws(
      () => JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(document as string))),
      shown(document),
    );
    assert.ok(NOT_JSON.has(reasonOf(readers.JSON, document) ?? ''), shown(document));
    const value = Buffer.concat([Buffer.from('{"metrics":{"a":'), Buffer.from(document as string), Buffer.from('}}')]);
    if (isJson(value)) continue;
    assert.ok(NOT_JSON.has(reasonOf(readers.JSON, value) ?? ''), shown(value));
  }
});

test('what a reader may do with a document as it likes is pinned', () => {
  for (const [document, reason] of openDocuments) assert.equal(reasonOf(readers.JSON, document), reason, shown(document));
});

test('documents that are not JSON are no packs of SenML', () => {
  const reader = new FormatDecoder(FORMAT_SENML_JSON);
  for (const document of otherDocuments) assert.notEqual(reasonOf(reader, document), undefined, shown(document));
});

test('the byte of the fault is found in what is not JSON, and in nothing else', () => {
  const faultOf = (document: string | Uint8Array) => jsonFault(Buffer.from(document as string).toString('latin1'));
  for (const document of jsonDocuments) assert.equal(faultOf(document), undefined, shown(document));
  for (const document of otherDocuments) {
    if (reasonOf(readers.JSON, document) === 'json_malformed') assert.notEqual(faultOf(document), undefined, shown(document));
  }
});

function isJson(document: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(document));
    return true;
  } catch {
    return false;
  }
}
