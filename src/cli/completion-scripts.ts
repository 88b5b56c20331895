/** A command line as far as it names commands, and what may follow there. */
export interface Place {
  /** Names of commands, a blank before each: ` device add`; '' is the program alone. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly summary: string }[];
  readonly options: readonly {
    /** With its dashes. */
    readonly name: string;
    readonly description: string;
    readonly takesValue: boolean;
    /** The values that it takes; none: any. */
    readonly choices: readonly string[];
  }[];
}

export function bashScript(places: readonly Place[]): string {
  return `# Completes the commands of spillway in bash. It is printed by: spillway completion bash
${completer(places)}`;
}

/** By the reader of bash's functions that zsh has. */
export function zshScript(places: readonly Place[]): string {
  return `# Completes the commands of spillway in zsh. It is printed by: spillway completion zsh
autoload -U +X bashcompinit && bashcompinit
${completer(places)}`;
}

/** Names of commands and options need no quotes in a shell. A value that is no choice is completed as the name of a file. */
function completer(places: readonly Place[]): string {
  return `_spillway() {
  local at='' word offer='' current="\${COMP_WORDS[COMP_CWORD]}"
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at $word" in
      ${paths(places).map(quoted).join('|')}) at="$at $word" ;;
    esac
  done
  case "$at \${COMP_WORDS[COMP_CWORD-1]}" in
${choicesOf(places)
  .map(([line, choices]) => `    ${quoted(line)}) offer='${choices.join(' ')}' ;;`)
  .join('\n')}
    *) case "$at" in
${places.map((place) => `      ${quoted(place.path)}) offer='${wordsOf(place)}' ;;`).join('\n')}
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$offer" -- "$current"))
}
complete -o default -F _spillway spillway`;
}

export function fishScript(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, commands, options }) => {
    const rule = `complete -c spillway -n '__spillway_at "${path}"'`;
    return [
      ...commands.map(({ name, summary }) => `${rule} -f -a ${name} -d ${quoted(summary)}`),
      ...options.map(({ name, description, takesValue, choices }) => {
        const values = choices.length > 0 ? ` -x -a ${quoted(choices.join(' '))}` : takesValue ? ' -r' : '';
        return `${rule} -l ${name.slice(2)}${values} -d ${quoted(description)}`;
      }),
    ];
  });
  return `# Completes the commands of spillway in fish. It is printed by: spillway completion fish
function __spillway_at
  set -l at ''
  for word in (commandline -opc)[2..-1]
    contains -- "$at $word" ${paths(places).map(quoted).join(' ')}; and set at "$at $word"
  end
  test "$at" = "$argv[1]"
end
${lines.join('\n')}`;
}

function paths(places: readonly Place[]): string[] {
  return places.map(({ path }) => path).filter((path) => path !== '');
}

function wordsOf({ commands, options }: Place): string {
  return [...commands, ...options].map(({ name }) => name).join(' ');
}

/** Command lines that end in an option with choices. */
function choicesOf(places: readonly Place[]): [line: string, choices: readonly string[]][] {
  return places.flatMap(({ path, options }) =>
    options
      .filter(({ choices }) => choices.length > 0)
      .map(({ name, choices }) => [`${path} ${name}`, choices] as [string, readonly string[]]),
  );
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "'\\''")}'`;
}
