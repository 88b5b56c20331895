/** Values by group and key as they were read: each may be of any kind, and absent. */
export type Values = Readonly<
  Record<
    'process' | 'listen' | 'identity' | 'limits' | 'mqtt' | 'store' | 'letters' | 'metrics' | 'audit' | 'log' | 'kafka' | 'checkpoints',
    Readonly<Record<string, unknown>>
  >
>;
