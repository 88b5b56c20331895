import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FailingClasses } from '../../../src/control/letters/failing-classes.js';
import type { Tally } from '../../../src/control/letters/tallies.js';

const LOOK_MS = 5000;

/** Classes whose dead letters come at rates that a test sets, letters a minute. */
class Fleet {
  readonly rates = new Map<string, number>();
  readonly usual = new Map<string, number>();
  /** How often what is usual was written down. */
  kept = 0;
  classes = new FailingClasses();
  readonly #letters = new Map<string, number>();
  #nowMs = 0;

  pass(minutes: number): void {
    for (const endMs = this.#nowMs + minutes * 60_000; this.#nowMs < endMs; this.#nowMs += LOOK_MS) {
      for (const [name, rate] of this.rates) this.#letters.set(name, (this.#letters.get(name) ?? 0) + (rate * LOOK_MS) / 60_000);
      for (const { deviceClass, usual } of this.classes.look(this.#tallies(), this.#nowMs)) {
        this.kept++;
        this.usual.set(deviceClass, usual);
      }
    }
  }

  #tallies(): Tally[] {
    return [...this.#letters].map(([deviceClass, letters]) => {
      const usual = this.usual.get(deviceClass) ?? 0;
      return { tenant: 'north', deviceClass, reason: 'json_malformed', letters, bytes: 0, removed: 0, removedBytes: 0, usual };
    });
  }

  get failing(): string[] {
    return [...this.classes.rule.findEach().keys()].map((key) => (JSON.parse(key) as string[])[1] as string);
  }
}

test('a class that suddenly fails is found within a minute, stays found while it fails, and is no longer found once it is mended', () => {
  const fleet = new Fleet();
  fleet.rates.set('pump', 0).set('meter', 0);
  fleet.pass(10);
  assert.deepEqual(fleet.failing, []);
  fleet.rates.set('pump', 1000);
  fleet.pass(1);
  assert.deepEqual(fleet.failing, ['pump']);
  fleet.pass(600);
  assert.deepEqual(fleet.failing, ['pump'], 'a failure does not become usual');
  const [finding] = fleet.classes.rule.findEach().values();
  assert.equal(finding?.message, '1000 dead letters a minute of devices of class pump of tenant north for json_malformed, 0.0 are usual');
  assert.equal(finding?.link, '/v1/dead-letters?tenant=north&device_class=pump&reason=json_malformed');
  fleet.rates.set('pump', 0);
  fleet.pass(5);
  assert.deepEqual(fleet.failing, []);
});

test('what has always been is usual, and ten times of it is not', () => {
  const fleet = new Fleet();
  fleet.rates.set('noisy', 50);
  fleet.pass(24 * 60);
  assert.deepEqual(fleet.failing, []);
  assert.ok(Math.abs((fleet.usual.get('noisy') ?? 0) - 50) < 6);
  assert.ok(fleet.kept < 200, 'it is written down now and then');
  fleet.rates.set('noisy', 300);
  fleet.pass(30);
  assert.deepEqual(fleet.failing, []);
  fleet.rates.set('noisy', 2000);
  fleet.pass(5);
  assert.deepEqual(fleet.failing, ['noisy']);
  // Between the two bounds it stays as it is.
  fleet.rates.set('noisy', 400);
  fleet.pass(60);
  assert.deepEqual(fleet.failing, ['noisy']);
  fleet.rates.set('noisy', 50);
  fleet.pass(5);
  assert.deepEqual(fleet.failing, []);
});

test('a start knows what is usual, takes no letter that was there for a new one, and finds again what fails', () => {
  const fleet = new Fleet();
  fleet.rates.set('noisy', 100).set('pump', 0);
  fleet.usual.set('noisy', 100);
  fleet.pass(5);
  fleet.rates.set('pump', 5000);
  fleet.pass(5);
  fleet.classes = new FailingClasses();
  fleet.pass(0.05);
  assert.deepEqual(fleet.failing, []);
  fleet.pass(1);
  assert.deepEqual(fleet.failing, ['pump']);
});

test('when a thousand classes fail at once there are twenty alerts', () => {
  const fleet = new Fleet();
  for (let index = 0; index < 1000; index++) fleet.rates.set(`class-${index}`, 0);
  fleet.pass(0.2);
  for (const name of fleet.rates.keys()) fleet.rates.set(name, 500);
  fleet.pass(2);
  const first = fleet.failing;
  assert.equal(first.length, 20);
  fleet.pass(2);
  assert.deepEqual(fleet.failing, first, 'the same twenty');
});

test('letters that were taken away by hand, and another process that judged meanwhile, raise nothing', () => {
  const classes = new FailingClasses();
  const tally = (letters: number): Tally[] => [
    { tenant: '', deviceClass: '', reason: 'device_lost', letters, bytes: 0, removed: 0, removedBytes: 0, usual: 0 },
  ];
  classes.look(tally(5000), 0);
  classes.look(tally(10), 5000);
  classes.look(tally(11), 10_000);
  assert.equal(classes.rule.findEach().size, 0);
  classes.forget();
  classes.look(tally(90_000), 60_000);
  assert.equal(classes.rule.findEach().size, 0);
  classes.look(tally(95_000), 65_000);
  const [finding] = classes.rule.findEach().values();
  assert.match(finding?.message ?? '', /of devices that are in no registry for device_lost/);
  assert.equal(finding?.link, '/v1/dead-letters?unknown=true&reason=device_lost');
});
