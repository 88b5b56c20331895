import { inBoth, type Migration } from './migration.js';

/**
 * What operators note of devices, and groups of devices. A device has the numbers of its groups in its row, so that whoever follows
 * devices follows them, too; the number of a group that was deleted means nothing. The view takes the location from its column, or from
 * the metadata, where older releases had it.
 */
export const deviceDetailsGroups: Migration = {
  version: 18,
  name: 'details and groups of devices',
  statements: inBoth(`
    alter table devices
      add column model text, add column serial text, add column owner text, add column location jsonb,
      add column tags jsonb not null default '{}', add column group_ids int[] not null default '{}';
    create table device_groups (
      id int generated always as identity primary key,
      tenant_id text not null,
      name text not null,
      parent_id int references device_groups (id),
      description text,
      created_at timestamptz not null default now()
    );
    create unique index device_groups_name on device_groups (tenant_id, coalesce(parent_id, 0), name);
    create or replace view raw_metrics as
      select device.name as device_id, metric.base_name as metric_name, reading.value,
        metric.tags || jsonb_strip_nulls(jsonb_build_object('tenant', device.tenant_id, 'device_class', device.device_class,
          'location', coalesce(device.location, device.metadata -> 'location'))) as tags,
        reading.ts, reading.text
      from (
        select device_id, metric_id, ts, value, null::text as text from readings
        union all
        select device_id, metric_id, ts, null::float8, value from text_readings
      ) reading
      join devices device on device.id = reading.device_id and device.deleted_at is null
      join metrics metric on metric.id = reading.metric_id;
  `),
};
