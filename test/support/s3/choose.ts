import { motoServer } from './moto.js';

/** Why the tests against an S3 server cannot run here; undefined: they can. */
export async function whyNoS3(): Promise<string | undefined> {
  const moto = await motoServer();
  return 'missing' in moto ? moto.missing : undefined;
}
