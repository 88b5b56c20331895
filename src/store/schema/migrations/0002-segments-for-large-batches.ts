import type { Migration } from './migration.js';

/** `readings` becomes a view of the days and of the segments. Rows may still be inserted into it and deleted from it by hand. */
export const segmentsForLargeBatches: Migration = {
  version: 2,
  name: 'segments for large batches',
  statements: {
    postgres: `
      alter table readings rename to readings_days;
      create table readings_hot (device_id int not null, metric_id int not null, ts timestamptz not null, value float8 not null);
      create table readings_segments (
        number int generated always as identity primary key,
        state text not null default 'open' check (state in ('open', 'closed', 'indexed', 'checked', 'bounded', 'drained')),
        filled_at timestamptz,
        drained_at timestamptz,
        first_ts timestamptz,
        last_ts timestamptz
      );
      create unique index readings_segments_open on readings_segments (state) where state = 'open';
      create view readings as
        select device_id, metric_id, ts, value from readings_days union all select device_id, metric_id, ts, value from readings_hot;
      create or replace view raw_metrics as
        select device.name as device_id, metric.name as metric_name, reading.value,
          jsonb_strip_nulls(jsonb_build_object('tenant', device.tenant_id, 'device_class', device.device_class,
            'location', device.metadata -> 'location')) as tags,
          reading.ts
        from readings reading
        join devices device on device.id = reading.device_id
        join metrics metric on metric.id = reading.metric_id;
      create function readings_insert() returns trigger language plpgsql as $$
      begin
        insert into readings_days (device_id, metric_id, ts, value) values (new.device_id, new.metric_id, new.ts, new.value);
        return new;
      end $$;
      create function readings_delete() returns trigger language plpgsql as $$
      begin
        delete from readings_days where (device_id, metric_id, ts, value) = (old.device_id, old.metric_id, old.ts, old.value);
        delete from readings_hot where (device_id, metric_id, ts, value) = (old.device_id, old.metric_id, old.ts, old.value);
        return old;
      end $$;
      create trigger readings_insert instead of insert on readings for each row execute function readings_insert();
      create trigger readings_delete instead of delete on readings for each row execute function readings_delete();
    `,
  },
};
