import type { Command } from 'commander';

/** Shells for which there are completions. */
export const completionShells = ['bash', 'zsh', 'fish'] as const;
export type CompletionShell = (typeof completionShells)[number];

/** A word that may follow, and what it stands for. */
interface Word {
  readonly text: string;
  readonly description: string;
  readonly isOption: boolean;
  /** Of an option: whether a value follows, and which, where there are few. */
  readonly takesValue?: boolean;
  readonly values?: readonly string[];
}

/** A place in the tree of commands: the words that lead to it, each behind a blank, and those that may follow. */
interface Place {
  readonly path: string;
  readonly words: readonly Word[];
  /** Whether files of this machine may follow: they cannot where one of the words must. */
  readonly takesFiles: boolean;
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
    .flatMap(({ argChoices, description, long, required, short }) =>
      [long, short].flatMap((text) =>
        text === undefined || text === null
          ? []
          : [{ text, description, isOption: true, takesValue: required, ...(argChoices === undefined ? {} : { values: argChoices }) }],
      ),
    );
  const children = help.visibleCommands(command).filter((child) => child.name() !== 'help');
  const choices = command.registeredArguments.flatMap(({ argChoices, description }) =>
    (argChoices ?? []).map((text) => ({ text, description, isOption: false })),
  );
  const names = children.map((child) => ({ text: child.name(), description: child.description(), isOption: false }));
  return [
    { path, words: [...names, ...choices, ...options], takesFiles: names.length + choices.length === 0 },
    ...children.flatMap((child) => placesOf(child, `${path} ${child.name()}`)),
  ];
}

/** Behind which options, each with the place in front, what few values stand. */
function valuesOf(places: readonly Place[]): { readonly path: string; readonly values: readonly string[] }[] {
  return places.flatMap(({ path, words }) =>
    words.flatMap(({ text, values }) => (values === undefined ? [] : [{ path: `${path} ${text}`, values }])),
  );
}

/** The branches that follow the words typed so far to their place. */
function steps(places: readonly Place[]): string {
  return places.flatMap(({ path }) => (path === '' ? [] : [quote(path)])).join('|');
}

function bashScript(name: string, places: readonly Place[]): string {
  const texts = (words: readonly Word[]): string => quote(words.map(({ text }) => text).join(' '));
  const branches = places.map(({ path, takesFiles, words }) => {
    const [options, others] = [words.filter(({ isOption }) => isOption), words.filter(({ isOption }) => !isOption)];
    const noFiles = takesFiles ? '' : ' compopt +o default 2> /dev/null;';
    return `    ${quote(path)}) options=${texts(options)} words=${texts(others)};${noFiles} ;;`;
  });
  const values = valuesOf(places).map(({ path, values: few }) => `    ${quote(path)}) options='' words=${quote(few.join(' '))} ;;`);
  return `# Completions of ${name} for bash: eval "$(${name} completion bash)"
_${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} place='' words='' options='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$place \${COMP_WORDS[i]}" in
    ${steps(places)}) place="$place \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$place" in
${branches.join('\n')}
  esac
  case "$place \${COMP_WORDS[COMP_CWORD - 1]}" in
${values.join('\n')}
  esac
  case "$current" in
    -*) words=$options ;;
  esac
  COMPREPLY=()
  while IFS= read -r i; do COMPREPLY+=("$i"); done < <(compgen -W "$words" -- "$current")
}
complete -o default -F _${name} ${name}
`;
}

function zshScript(name: string, places: readonly Place[]): string {
  const described = (words: readonly Word[]): string => words.map(({ description, text }) => quote(`${text}:${description}`)).join(' ');
  const branches = places.map(({ path, takesFiles, words }) => {
    const [options, others] = [words.filter(({ isOption }) => isOption), words.filter(({ isOption }) => !isOption)];
    return `    ${quote(path)}) options_here=(${described(options)}) words_here=(${described(others)}) files=${takesFiles ? 'yes' : ''} ;;`;
  });
  const values = valuesOf(places).map(
    ({ path, values: few }) => `    ${quote(path)}) words_here=(${few.map(quote).join(' ')}) files='' ;;`,
  );
  return `#compdef ${name}
# Completions of ${name} for zsh: eval "$(${name} completion zsh)", or this as a file _${name} in a folder of fpath
_${name}() {
  local place='' files='' i
  local -a words_here options_here
  for ((i = 2; i < CURRENT; i++)); do
    case "$place \${words[i]}" in
    ${steps(places)}) place="$place \${words[i]}" ;;
    esac
  done
  case "$place" in
${branches.join('\n')}
  esac
  case "$place \${words[CURRENT - 1]}" in
${values.join('\n')}
  esac
  if [[ "\${words[CURRENT]}" == -* ]]; then
    _describe -o ${quote(name)} options_here
    return
  fi
  (( \${#words_here} )) && _describe ${quote(name)} words_here
  [[ -n "$files" ]] && _files
}
if [ "\${funcstack[1]}" = '_${name}' ]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;
}

function fishScript(name: string, places: readonly Place[]): string {
  const lines = places.flatMap(({ path, takesFiles, words }) => {
    const condition = fishQuote(`__${name}_at ${fishQuote(path)}`);
    const start = `complete -c ${name} -n ${condition}`;
    const described = words.map(({ description, isOption, takesValue, text, values }) => {
      const kind = !isOption ? '-a' : text.startsWith('--') ? '-l' : '-s';
      const value = values === undefined ? (takesValue === true ? ' -r' : '') : ` -x -a ${fishQuote(values.join(' '))}`;
      return `${start} ${kind} ${fishQuote(text.replace(/^--?/, ''))}${value} -d ${fishQuote(description)}`;
    });
    return takesFiles ? described : [`${start} -f`, ...described];
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
