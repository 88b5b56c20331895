import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const MOTO = '5.2.5';
const packages = [`moto[s3]==${MOTO}`, 'flask==3.1.3', 'flask-cors==6.0.5'];
const INSTALL_MS_MAX = 180_000;
const run = promisify(execFile);

/** The S3 server of PyPI's moto, installed once and kept for later runs; or why there is none. */
export async function motoServer(): Promise<{ readonly python: string } | { readonly missing: string }> {
  try {
    await run('python3', ['-c', 'import venv, ensurepip']);
  } catch {
    return { missing: 'there is no Python 3 with venv' };
  }
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'spillway-tests');
  const folder = join(cache, `moto-${MOTO}`);
  const python = join(folder, 'bin', 'python');
  if (existsSync(python)) return { python };
  mkdirSync(cache, { recursive: true });
  // Its python does not ask where its folder lies, so that it can be made aside and renamed.
  const aside = `${folder}-${process.pid}`;
  try {
    await run('python3', ['-m', 'venv', aside]);
    const options = ['-m', 'pip', 'install', '--quiet', '--no-compile', '--disable-pip-version-check', ...packages];
    await run(join(aside, 'bin', 'python'), options, { timeout: INSTALL_MS_MAX });
    if (!existsSync(folder)) renameSync(aside, folder);
    return { python };
  } catch (error) {
    // Another run may have installed it meanwhile.
    if (existsSync(python)) return { python };
    const { stderr = '', message } = error as { stderr?: string; message: string };
    return { missing: `pip cannot install moto: ${(stderr || message).trim().split('\n').at(-1)}` };
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}
