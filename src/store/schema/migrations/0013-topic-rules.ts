import { inBoth, type Migration } from './migration.js';

/** What the topics of a tenant mean, beside the conventions that every build knows. */
export const topicRules: Migration = {
  version: 13,
  name: 'topic rules',
  statements: inBoth(`
    create table topic_rules (
      tenant_id text not null,
      name text not null,
      -- From 1 on, without a gap: the first rule that matches a topic is taken.
      position int not null,
      rule jsonb not null,
      primary key (tenant_id, name)
    );
  `),
};
