import type { Part } from '../part.js';
import { Deployment, type DeploymentOptions } from './deployment.js';
import { deploymentMetrics } from './metrics.js';

/** This process among those around the same log. */
export function deploymentPart(options: DeploymentOptions) {
  const deployment = new Deployment(options);
  return {
    deployment,
    metrics: deploymentMetrics(deployment),
    open: () => deployment.open(),
    close: () => deployment.close(),
  } satisfies Part & { deployment: Deployment };
}
