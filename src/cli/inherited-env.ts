/** What the operator of this machine set is for another appliance, and may name a database that must not be touched. */
export function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('SPILLWAY_')));
}
