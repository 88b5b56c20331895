import { inBoth, type Migration } from './migration.js';

/** The view to start from has texts beside numbers: one of `value` and `text` is null. */
export const textsInRawMetrics: Migration = {
  version: 10,
  name: 'texts in raw_metrics',
  statements: inBoth(`
    create or replace view raw_metrics as
      select device.name as device_id, metric.name as metric_name, reading.value,
        jsonb_strip_nulls(jsonb_build_object('tenant', device.tenant_id, 'device_class', device.device_class,
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
