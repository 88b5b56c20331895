/** CPU time of this process, ms: unlike the time of day it does not count what a busy neighbour takes. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
