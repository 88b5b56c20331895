import { inBoth, type Migration } from './migration.js';

/** Up to which id each topic that is published from the database has the letters of a partition. */
export const positionsOfTopics: Migration = {
  version: 5,
  name: 'positions of topics',
  statements: inBoth(`
    create table topic_positions (
      topic text,
      partition_id int,
      published_id bigint not null,
      updated_at timestamptz not null default now(),
      primary key (topic, partition_id)
    );
    create index on dead_letters (partition_id, id);
  `),
};
