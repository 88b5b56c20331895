import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseListing } from '../../src/object-store/listing.js';

const object = (key: string, time = '2026-11-21T13:34:31.000Z') =>
  `<Contents><Key>${key}</Key><LastModified>${time}</LastModified><ETag>&quot;a63c&quot;</ETag><Size>10</Size></Contents>`;
const page = (inside: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>${inside}</ListBucketResult>`;

test('keys and times are read, entities are resolved', () => {
  const listing = parseListing(page(`<IsTruncated>false</IsTruncated>${object('a/b')}\n${object('R&amp;D &lt;&#65;&#x42;&unknown;')}`));
  assert.deepEqual(listing, {
    objects: [
      { key: 'a/b', modifiedMs: Date.UTC(2026, 10, 21, 13, 34, 31) },
      { key: 'R&D <AB&unknown;', modifiedMs: Date.UTC(2026, 10, 21, 13, 34, 31) },
    ],
    next: undefined,
  });
});

test('a page that is not the last names the next', () => {
  const token = '<NextContinuationToken>1/k+=&amp;</NextContinuationToken>';
  assert.equal(parseListing(page(`<IsTruncated>true</IsTruncated>${token}`))?.next, '1/k+=&');
  assert.equal(parseListing(page(`<IsTruncated>false</IsTruncated>${token}`))?.next, undefined);
});

test('what is no listing is none, wherever one is cut; an object without key or time is left out', () => {
  const whole = page(object('a') + object('b'));
  for (let at = 0; at < whole.length; at++) assert.equal(parseListing(whole.slice(0, at)), undefined, String(at));
  for (const text of ['', 'OK', '<html><body>Sign in</body></html>', '<Error><Code>AccessDenied</Code></Error>', '{"Contents": []}']) {
    assert.equal(parseListing(text), undefined, text);
  }
  assert.deepEqual(parseListing(page(`<Contents><Size>1</Size></Contents>${object('b', 'yesterday')}`))?.objects, []);
});
