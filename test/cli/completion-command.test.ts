import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { outcomeOf, runSpillway, temporaryFolder } from './run-spillway.js';

/** What the script offers for the last of these words, as bash asks it. */
function offered(script: string, ...words: readonly string[]): string[] {
  const ask = `eval "$1"; shift; COMP_WORDS=(spillway "$@"); COMP_CWORD=$#; _spillway; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', ask, 'bash', script, ...words], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);
}

test('bash completes commands, their commands, options and the values that an option takes', async (t) => {
  const { code, stdout } = await outcomeOf(runSpillway(t, temporaryFolder(t), ['completion', 'bash']));
  assert.equal(code, 0);
  assert.deepEqual(offered(stdout, 'sta'), ['start', 'status']);
  assert.deepEqual(offered(stdout, 'device', 'rot'), ['rotate-token']);
  // A word that is no command does not lose the place.
  assert.deepEqual(offered(stdout, 'device', 'show', 'dev-1', '--js'), ['--json']);
  assert.deepEqual(offered(stdout, 'simulate', '--qos', ''), ['0', '1']);
  assert.deepEqual(offered(stdout, 'simulate', '--qos', '1', '--regi'), ['--register']);
  assert.deepEqual(offered(stdout, 'completion', '--jso'), ['--json']);
  assert.deepEqual(offered(stdout, 'nothing-of-this'), []);
});

test('zsh is given the same function; fish gets a line for each command and option, with what it does', async (t) => {
  const folder = temporaryFolder(t);
  const zsh = (await outcomeOf(runSpillway(t, folder, ['completion', 'zsh']))).stdout;
  assert.match(zsh, /^autoload -U \+X bashcompinit && bashcompinit$/m);
  assert.deepEqual(offered(zsh.slice(zsh.indexOf('_spillway')), 'device', 'rot'), ['rotate-token']);
  const fish = (await outcomeOf(runSpillway(t, folder, ['completion', 'fish']))).stdout;
  assert.match(fish, /^complete -c spillway -n '__spillway_at " device"' -f -a rotate-token -d '.+'$/m);
  assert.match(fish, /^complete -c spillway -n '__spillway_at " simulate"' -l qos -x -a '0 1' -d 'MQTT quality of service'$/m);
});

test('a shell that it has no script for is a usage error that names those that it has', async (t) => {
  const { code, stderr } = await outcomeOf(runSpillway(t, temporaryFolder(t), ['completion', 'tcsh']));
  assert.equal(code, 2);
  assert.match(stderr, /Allowed choices are bash, zsh, fish/);
});
