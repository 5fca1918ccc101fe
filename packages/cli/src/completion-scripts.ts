import type { Command } from 'commander';

/** Shells for which there are completions. */
export const completionShells = ['bash', 'zsh', 'fish'] as const;
export type CompletionShell = (typeof completionShells)[number];

/** A word that may follow, and what it stands for. */
interface Word {
  readonly text: string;
  readonly description: string;
  readonly isOption: boolean;
}

/** A place in the tree of commands: the words that lead to it, each behind a blank, and those that may follow. */
interface Place {
  readonly path: string;
  readonly words: readonly Word[];
}

/** What a shell needs to complete the commands and options of a program: a script to be read at its start. */
export function completionScript(program: Command, shell: CompletionShell): string {
  const places = placesOf(program, '');
  const name = program.name();
  const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };
  return scripts[shell](name, places);
}

function placesOf(command: Command, path: string): Place[] {
  const help = command.createHelp();
  const options = help
    .visibleOptions(command)
    .flatMap(({ description, long, short }) =>
      [long, short].flatMap((text) => (text === undefined || text === null ? [] : [{ text, description, isOption: true }])),
    );
  const children = help.visibleCommands(command).filter((child) => child.name() !== 'help');
  const names = children.map((child) => ({ text: child.name(), description: child.description(), isOption: false }));
  return [{ path, words: [...names, ...options] }, ...children.flatMap((child) => placesOf(child, `${path} ${child.name()}`))];
}

/** The branches that follow the words typed so far to their place. */
function steps(places: readonly Place[]): string {
  return places.flatMap(({ path }) => (path === '' ? [] : [quote(path)])).join('|');
}

function bashScript(name: string, places: readonly Place[]): string {
  const branches = places.map(({ path, words }) => `    ${quote(path)}) words=${quote(words.map(({ text }) => text).join(' '))} ;;`);
  return `# Completions of ${name} for bash: eval "$(${name} completion bash)"
_${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} place='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$place \${COMP_WORDS[i]}" in
    ${steps(places)}) place="$place \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$place" in
${branches.join('\n')}
  esac
  COMPREPLY=()
  while IFS= read -r i; do COMPREPLY+=("$i"); done < <(compgen -W "$words" -- "$current")
}
complete -o default -F _${name} ${name}
`;
}

function zshScript(name: string, places: readonly Place[]): string {
  const branches = places.map(({ path, words }) => {
    const described = words.map(({ description, text }) => quote(`${text}:${description}`)).join(' ');
    return `    ${quote(path)}) words_here=(${described}) ;;`;
  });
  return `#compdef ${name}
# Completions of ${name} for zsh: eval "$(${name} completion zsh)", or this as a file _${name} in a folder of fpath
_${name}() {
  local place='' i
  local -a words_here
  for ((i = 2; i < CURRENT; i++)); do
    case "$place \${words[i]}" in
    ${steps(places)}) place="$place \${words[i]}" ;;
    esac
  done
  case "$place" in
${branches.join('\n')}
  esac
  _describe ${quote(name)} words_here
  _files
}
if [ "\${funcstack[1]}" = '_${name}' ]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;
}

function fishScript(name: string, places: readonly Place[]): string {
  const lines = places.flatMap(({ path, words }) => {
    const condition = fishQuote(`__${name}_at ${fishQuote(path)}`);
    return words.map(({ description, isOption, text }) => {
      const kind = !isOption ? '-a' : text.startsWith('--') ? '-l' : '-s';
      return `complete -c ${name} -n ${condition} ${kind} ${fishQuote(text.replace(/^--?/, ''))} -d ${fishQuote(description)}`;
    });
  });
  return `# Completions of ${name} for fish: ${name} completion fish | source
function __${name}_at
  set -l place ''
  for word in (commandline -opc)[2..]
    if contains -- "$place $word" ${places.flatMap(({ path }) => (path === '' ? [] : [fishQuote(path)])).join(' ')}
      set place "$place $word"
    end
  end
  test "$place" = $argv[1]
end
${lines.join('\n')}
`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function fishQuote(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
}
