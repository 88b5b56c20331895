import { inBoth, type Migration } from './migration.js';

/** Units that devices state of their metrics, as SenML and Sparkplug do. */
export const unitsOfSeries: Migration = {
  version: 25,
  name: 'units of series',
  statements: inBoth(`
    create table series_units (
      device_id int not null,
      metric_id int not null,
      unit text not null,
      primary key (device_id, metric_id)
    )
  `),
};
