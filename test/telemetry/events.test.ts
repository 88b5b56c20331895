import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sourceFiles, textOf } from '../source-tree.js';
import { allEvents, runbookPage } from '../support/write-pages.js';

const events = await allEvents();
const sources = sourceFiles().filter((file) => /^src\/(?!console\/|cli\/).*\.ts$/.test(file) && !file.endsWith('/events.ts'));

test('deploy/RUNBOOK.md has the events that npm run docs prints', () => {
  const page = textOf('deploy/RUNBOOK.md');
  assert.ok(page === runbookPage(page, events), 'npm run docs prints another table');
  assert.ok(Object.keys(events).length > 50);
});

test('every event that is reported is described, at its level, and none is described that is not', () => {
  const texts = sources.map(textOf);
  const patterns = [
    /'(error|warn|info|debug)',\s*'([a-z]+(?:[-_][a-z]+)+)'/g,
    /level: '(error|warn|info|debug)',\s*name: '([a-z]+(?:[-_][a-z]+)+)'/g,
  ];
  const reported = texts.flatMap((text) => patterns.flatMap((pattern) => [...text.matchAll(pattern)]));
  assert.ok(reported.length > 50);
  assert.deepEqual(
    reported
      .filter(([, level, name = '']) => ![events[name]?.level].flat().some((one) => one === level))
      .map(([, level, name]) => `${name} ${level}`),
    [],
  );
  assert.deepEqual(
    Object.keys(events).filter((name) => !texts.some((text) => text.includes(`'${name}'`))),
    [],
  );
});
