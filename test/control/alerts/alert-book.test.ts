import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Alert } from '../../../src/control/alerts/alert.js';
import { AlertBook, type AlertKeeper } from '../../../src/control/alerts/alert-book.js';

function alert(id: string): Alert {
  return {
    id,
    rule: 'not_ready',
    subject: null,
    severity: 'critical',
    node: 'host-1',
    message: 'why',
    link: null,
    raisedMs: 1,
    clearedMs: null,
  };
}

function keeping(): AlertKeeper {
  let kept: string | undefined;
  const write = (text: string) => {
    kept = text;
  };
  return { read: () => kept, write };
}

function open(keeper: AlertKeeper, isPublished = true) {
  const events: string[] = [];
  return { book: new AlertBook({ keeper, isPublished, event: (_level, name) => void events.push(name) }), events };
}

const changesOf = (book: AlertBook) => book.unsent.map(({ id, clearedMs }) => `${id} ${clearedMs === null ? 'raised' : 'cleared'}`);

test('a crash forgets no alert that holds and no change that is not in the topic', () => {
  const keeper = keeping();
  const { book } = open(keeper);
  book.raise(alert('a'));
  book.raise(alert('b'));
  book.clear(alert('a'), 5);
  book.sent(book.unsent.slice(0, 1));
  const { book: next } = open(keeper);
  assert.deepEqual(
    next.open.map(({ id }) => id),
    ['b'],
  );
  assert.deepEqual(changesOf(next), ['b raised', 'a cleared']);
  next.sent(next.unsent);
  assert.deepEqual(changesOf(open(keeper).book), []);
});

test('an alert raised while others are being sent is sent after them', () => {
  const { book } = open(keeping());
  book.raise(alert('a'));
  const onTheirWay = book.unsent.slice();
  book.raise(alert('b'));
  book.sent(onTheirWay);
  assert.deepEqual(changesOf(book), ['b raised']);
});

test('without a topic nothing waits for one', () => {
  const keeper = keeping();
  const { book } = open(keeper, false);
  book.raise(alert('a'));
  assert.deepEqual([book.unsent, book.open.length], [[], 1]);
  assert.deepEqual(open(keeper, true).book.unsent, []);
});

test('a topic that fails for long costs the oldest changes, which is reported', () => {
  const { book, events } = open(keeping());
  for (let number = 0; number < 501; number++) {
    book.raise(alert(String(number)));
    book.clear(alert(String(number)), 2);
  }
  assert.equal(book.unsent.length, 1000);
  assert.deepEqual(changesOf(book).slice(0, 2), ['1 raised', '1 cleared']);
  assert.equal(events.filter((name) => name === 'alerts-not-published').length, 2);
});

test('a damaged file is reported, and the book begins empty', () => {
  for (const text of ['', '{"open": [', '{"open": [], "unsent": [{"id": 7}]}', '[]']) {
    const { book, events } = open({ read: () => text, write: () => {} });
    assert.deepEqual([book.open, book.unsent, events], [[], [], ['alerts-forgotten']], text);
  }
});

test('a disk that refuses writes is reported once, and alerts are still raised', () => {
  let isFull = true;
  const write = () => {
    if (isFull) throw new Error('ENOSPC');
  };
  const { book, events } = open({ read: () => undefined, write });
  book.raise(alert('a'));
  book.raise(alert('b'));
  assert.deepEqual([book.open.length, book.unsent.length], [2, 2]);
  isFull = false;
  book.clear(alert('a'), 3);
  isFull = true;
  book.clear(alert('b'), 3);
  assert.deepEqual(
    events.filter((name) => name === 'alerts-not-kept'),
    ['alerts-not-kept', 'alerts-not-kept'],
  );
});

test('a file of a build before subjects and links is read', () => {
  const { subject, link, ...before } = alert('a');
  const { book, events } = open({ read: () => JSON.stringify({ open: [before], unsent: [] }), write: () => {} });
  assert.deepEqual([book.open, events], [[alert('a')], []]);
});
