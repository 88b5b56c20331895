import { inBoth, type Migration } from './migration.js';

/**
 * A metric with tags is named `base{key=value,…}`, with a backslash before each of `\ , = { }` in keys and values. Its parts are columns
 * of their own, made from the name, so that whoever inserts names one thing. The tags begin at the first brace after which nothing but
 * tags follows; a name without such a brace has none. Of equal keys the tag of the device is taken: it says whose reading it is.
 */
export const tagsOfMetrics: Migration = {
  version: 15,
  name: 'tags of metrics',
  statements: inBoth(String.raw`
    create function metric_base_name(name text) returns text language sql immutable strict parallel safe as $$
      select coalesce((regexp_match(name,
        '^(.+?)\{(?:[^\\,={}]|\\[\\,={}])+=(?:[^\\,={}]|\\[\\,={}])+(?:,(?:[^\\,={}]|\\[\\,={}])+=(?:[^\\,={}]|\\[\\,={}])+)*\}$'))[1], name)
    $$;
    create function metric_tags(name text, base_name text) returns jsonb language sql immutable strict parallel safe as $$
      select case when name = base_name then '{}' else (
        select jsonb_object_agg(regexp_replace(tag[1], '\\([\\,={}])', '\1', 'g'), regexp_replace(tag[2], '\\([\\,={}])', '\1', 'g'))
        from regexp_matches(substr(name, length(base_name) + 2, length(name) - length(base_name) - 2),
          '((?:[^\\,={}]|\\[\\,={}])+)=((?:[^\\,={}]|\\[\\,={}])+)', 'g') tag
      ) end
    $$;
    alter table metrics
      add column base_name text not null generated always as (metric_base_name(name)) stored,
      add column tags jsonb not null generated always as (metric_tags(name, metric_base_name(name))) stored;
    create index metrics_base_name on metrics (base_name);
    create or replace view raw_metrics as
      select device.name as device_id, metric.base_name as metric_name, reading.value,
        metric.tags || jsonb_strip_nulls(jsonb_build_object('tenant', device.tenant_id, 'device_class', device.device_class,
          'location', device.metadata -> 'location')) as tags,
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
