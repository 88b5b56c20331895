import { METRICS_MAX } from '../../../assembly/abi/limits.js';
import { setting, type ValuesOf, whole } from '../setting.js';

const BEYOND = 'Readings of further names are left out, counted and reported; those of known names in the same message are stored.';

/** How many names of metrics may be new. */
export const metricSettings = {
  tenantMax: setting('metric_names_tenant_max', whole(1, METRICS_MAX), {
    fallback: 32_768,
    what: `Names of metrics, with their tags, that devices of one tenant may be the first to use, of ${METRICS_MAX} of the deployment. ${BEYOND}`,
  }),
  classMax: setting('metric_names_class_max', whole(1, METRICS_MAX), {
    fallback: 16_384,
    what: 'The same of the devices of one class of a tenant.',
  }),
  deviceMax: setting('metric_names_device_max', whole(1, METRICS_MAX), {
    fallback: 4096,
    what: 'The same of one device.',
  }),
};

export type MetricConfig = ValuesOf<typeof metricSettings>;
