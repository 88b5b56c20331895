import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AlertBook } from '../../../src/control/alerts/alert-book.js';
import { Alerts } from '../../../src/control/alerts/alerts.js';
import type { Finding, Rule, SubjectRule } from '../../../src/control/alerts/rule.js';

/** A node with one rule, whose time and trouble a test decides, and what is kept of it over its lives. */
class Node {
  readonly changes: string[] = [];
  text: string | undefined;
  trouble: string | undefined;
  nowMs = 1_000_000;
  rule = 'not_ready';
  #alerts: Alerts | undefined;

  start(): void {
    const write = (text: string) => {
      this.text = text;
    };
    const keeper = { read: () => this.text, write };
    const event = (_level: string, name: string, { rule }: Record<string, unknown>) => void this.changes.push(`${name} ${rule}`);
    const book = new AlertBook({ keeper, isPublished: false, event });
    const rule: Rule = { name: this.rule, severity: 'critical', raiseAfterMs: 10_000, clearAfterMs: 5000, find: () => this.trouble };
    this.#alerts = new Alerts({ rules: [rule], book, node: 'host-1', nowMs: () => this.nowMs });
    this.#alerts.close(); // Its timer: the test looks itself.
  }

  get alerts(): Alerts {
    assert.ok(this.#alerts);
    return this.#alerts;
  }

  /** Second by second. */
  pass(seconds: number): void {
    for (let second = 0; second < seconds; second++, this.nowMs += 1000) this.alerts.look();
  }
}

function started(): Node {
  const node = new Node();
  node.start();
  return node;
}

test('an alert is raised when its condition has lasted, and cleared when it has been gone for long', () => {
  const node = started();
  node.pass(30);
  assert.deepEqual([node.alerts.open, node.alerts.states], [[], [['not_ready', false]]]);
  node.trouble = 'the database is down';
  node.pass(10);
  assert.equal(node.alerts.open.length, 0);
  node.pass(1);
  const [alert] = node.alerts.open;
  assert.deepEqual(
    [alert?.rule, alert?.severity, alert?.node, alert?.message],
    ['not_ready', 'critical', 'host-1', 'the database is down'],
  );
  assert.deepEqual([alert?.raisedMs, alert?.clearedMs], [node.nowMs - 1000, null]);
  node.pass(100);
  assert.deepEqual([node.alerts.open, node.alerts.states], [[alert], [['not_ready', true]]]);
  node.trouble = undefined;
  node.pass(5);
  assert.deepEqual(node.alerts.open, [alert]);
  node.pass(1);
  assert.deepEqual(node.alerts.open, []);
  assert.deepEqual(node.changes, ['alert-raised not_ready', 'alert-cleared not_ready']);
});

test('a finding that does not last raises no alert, and a short absence clears none', () => {
  const node = started();
  for (let time = 0; time < 20; time++) {
    node.trouble = time % 2 ? undefined : 'a short one';
    node.pass(4);
  }
  assert.deepEqual(node.changes, []);
  node.trouble = 'a long one';
  node.pass(11);
  for (let time = 0; time < 20; time++) {
    node.trouble = time % 2 ? 'a long one' : undefined;
    node.pass(4);
  }
  assert.deepEqual(node.changes, ['alert-raised not_ready']);
});

test('an alert outlives its process: the next process keeps it raised, or clears it', () => {
  const node = started();
  node.trouble = 'the disk is full';
  node.pass(11);
  const [alert] = node.alerts.open;
  node.start();
  assert.deepEqual(node.alerts.open, [alert]);
  node.pass(30);
  assert.deepEqual([node.alerts.open, node.changes], [[alert], ['alert-raised not_ready']]);
  node.trouble = undefined;
  node.start();
  node.pass(6);
  assert.deepEqual([node.alerts.open, node.changes], [[], ['alert-raised not_ready', 'alert-cleared not_ready']]);
});

test('two episodes of a rule are two alerts', () => {
  const node = started();
  const ids = new Set<string | undefined>();
  for (const trouble of ['one', undefined, 'two', undefined]) {
    node.trouble = trouble;
    node.pass(11);
    ids.add(node.alerts.open[0]?.id);
  }
  assert.equal(ids.size, 3, 'two ids, and none');
});

test('an alert of a rule that is no more is cleared', () => {
  const node = started();
  node.trouble = 'something';
  node.pass(11);
  [node.rule, node.trouble] = ['another', undefined];
  node.start();
  node.pass(1);
  assert.deepEqual([node.alerts.open, node.changes], [[], ['alert-raised not_ready', 'alert-cleared not_ready']]);
});

test('each subject of a rule has an alert of its own, and another that comes later is not hidden by the first', () => {
  const findings = new Map<string, Finding>();
  const open = new Map<string, string | null>();
  const changes: string[] = [];
  const event = (_level: string, name: string, { subject }: Record<string, unknown>) => void changes.push(`${name} ${subject}`);
  const book = new AlertBook({ keeper: { read: () => undefined, write: () => {} }, isPublished: false, event });
  const rule: SubjectRule = { name: 'rising', severity: 'warning', raiseAfterMs: 2000, clearAfterMs: 3000, findEach: () => findings };
  let nowMs = 0;
  const alerts = new Alerts({ rules: [rule], book, node: 'host-1', nowMs: () => nowMs });
  alerts.close();
  const pass = (seconds: number) => {
    for (let second = 0; second < seconds; second++, nowMs += 1000) alerts.look();
    open.clear();
    for (const { subject, link } of alerts.open) open.set(String(subject), link);
  };
  findings.set('pump', { message: 'many', link: '/v1/dead-letters' });
  pass(3);
  findings.set('meter', { message: 'many' });
  pass(3);
  assert.deepEqual(
    [...open],
    [
      ['pump', '/v1/dead-letters'],
      ['meter', null],
    ],
  );
  assert.deepEqual(alerts.states, [['rising', true]]);
  // A finding that comes and goes begins anew each time.
  findings.set('valve', { message: 'short' });
  pass(1);
  findings.delete('valve');
  pass(1);
  findings.set('valve', { message: 'short' });
  pass(2);
  findings.clear();
  pass(4);
  assert.deepEqual([[...open], alerts.states], [[], [['rising', false]]]);
  assert.deepEqual(changes, ['alert-raised pump', 'alert-raised meter', 'alert-cleared pump', 'alert-cleared meter']);
});
