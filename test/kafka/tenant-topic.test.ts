import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tenantTopic } from '../../src/kafka/tenant-topic.js';
import { Random } from '../support/random.js';

test("a tenant's topic is legal, readable where the name is, and no other tenant's", () => {
  assert.equal(tenantTopic('p.telemetry.normalized', 'acme-1'), 'p.telemetry.normalized.acme-1');
  assert.equal(tenantTopic('t', 'plant.1'), 't.plant_2E1');
  assert.equal(tenantTopic('t', 'ü'), 't._C3_BC');
  // The brokers take `.` and `_` for the same when they look for topics that collide; case they tell apart.
  const folded = (tenant: string) => tenantTopic('t', tenant).replaceAll('.', '_');
  const random = new Random();
  const alphabet = [...'aAbB019.-_ ü€😀'];
  const seen = new Map<string, string>();
  const tenants = ['a.b', 'a_b', 'a_2Eb', 'a-b', 'A.B', '_', '.', '__', 'ü'.repeat(32), 'ü'.repeat(31)];
  for (let round = 0; round < 2000; round++) {
    tenants.push(Array.from({ length: 1 + random.below(16) }, () => alphabet[random.below(alphabet.length)]).join(''));
  }
  for (const tenant of tenants) {
    const topic = folded(tenant);
    assert.ok(
      seen.get(topic) === undefined || seen.get(topic) === tenant,
      `${tenant} and ${seen.get(topic)}: ${topic}, SEED=${random.seed}`,
    );
    seen.set(topic, tenant);
    assert.match(tenantTopic('t', tenant), /^t\.[A-Za-z0-9_-]{1,100}$/);
  }
});
