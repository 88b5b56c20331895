import { Argument, type Command } from 'commander';
import { bashScript, fishScript, type Place, zshScript } from './completion-scripts.js';
import { type CommonOptions, withCommonOptions } from './options.js';
import { Output } from './output.js';

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };

export function addCompletionCommand(program: Command): void {
  withCommonOptions(program.command('completion'))
    .summary('print what makes a shell complete commands and options')
    .description('Prints a script for a shell. It knows the commands of this version: print it again after an update.')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(scripts)))
    .addHelpText(
      'after',
      `
Examples:
  source <(spillway completion bash)                                         # for this shell; in ~/.bashrc for all
  source <(spillway completion zsh)                                          # after compinit; in ~/.zshrc for all
  spillway completion fish > ~/.config/fish/completions/spillway.fish`,
    )
    .action((shell: keyof typeof scripts, options: CommonOptions) => {
      const output = new Output(options.json === true);
      const script = scripts[shell](placesOf(program, ''));
      output.text(script);
      output.document({ shell, script });
    });
}

/** A command and all below it. */
function placesOf(command: Command, path: string): Place[] {
  const commands = command
    .createHelp()
    .visibleCommands(command)
    .filter((one) => one.name() !== 'help');
  const options = command.createHelp().visibleOptions(command);
  const place: Place = {
    path,
    commands: commands.map((one) => ({ name: one.name(), summary: one.summary() })),
    options: options.flatMap(({ long, description, argChoices, required }) =>
      long ? [{ name: long, description, takesValue: required, choices: argChoices ?? [] }] : [],
    ),
  };
  return [place, ...commands.flatMap((one) => placesOf(one, `${path} ${one.name()}`))];
}
