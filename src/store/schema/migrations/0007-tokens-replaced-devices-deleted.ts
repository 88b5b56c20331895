import { inBoth, type Migration } from './migration.js';

/** A deleted device keeps its row, and with it its number; only those that are there need a name of their own. */
export const tokensReplacedDevicesDeleted: Migration = {
  version: 7,
  name: 'tokens that are replaced, devices that are deleted',
  statements: inBoth(`
    alter table devices add column previous_token_hash bytea, add column previous_token_until timestamptz, add column deleted_at timestamptz;
    alter table devices drop constraint devices_tenant_id_name_key;
    create unique index devices_tenant_id_name on devices (tenant_id, name) where deleted_at is null;
    create or replace view raw_metrics as
      select device.name as device_id, metric.name as metric_name, reading.value,
        jsonb_strip_nulls(jsonb_build_object('tenant', device.tenant_id, 'device_class', device.device_class,
          'location', device.metadata -> 'location')) as tags,
        reading.ts
      from readings reading
      join devices device on device.id = reading.device_id and device.deleted_at is null
      join metrics metric on metric.id = reading.metric_id;
  `),
};
