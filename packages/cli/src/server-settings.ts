import {
  ConfigError,
  findLockHolder,
  loadConfig,
  type LoadedConfig,
  locateDataDirectory,
  options,
  parseConfig,
  readConfigSources,
  type SourceLocations,
  unusedOptions,
  variableOf,
} from '@pyrgos/server/config';
import { PyrgosError } from '@pyrgos/core/errors';
import { type Command, Option } from 'commander';
import { notify } from './terminal.js';

/** Values of a parsed command by attribute name, as commander gives them. */
type Values = Readonly<Record<string, unknown>>;

/** The option that names the data directory. */
export function addDataOption(command: Command): Command {
  return command.option('--data <directory>', 'the data directory (default: PYRGOS_PATH, or .pyrgos in the home folder)');
}

function flagOf(name: string, form: string): Option {
  // Like the reference: a name without a value means true.
  const value = form === 'true|false' ? '[true|false]' : `<${form.toLowerCase()}>`;
  return new Option(`--${name} ${value}`);
}

/** Adds every option of the server under its names. Secrets are accepted only to be refused with advice: a command line is no secret. */
export function addServerOptions(command: Command): Command {
  addDataOption(command);
  for (const { aliases, form, help, isSecret, name } of Object.values(options)) {
    const main = flagOf(name, form);
    main.description = help;
    command.addOption(isSecret === true ? main.hideHelp() : main);
    for (const alias of aliases ?? []) command.addOption(flagOf(alias, form).hideHelp());
  }
  for (const name of unusedOptions) command.addOption(new Option(`--${name} [value]`).hideHelp());
  return command;
}

/** Under which names {@link addServerOptions} adds options; a command has others of its own. */
const serverNames: ReadonlySet<string> = new Set([
  ...Object.values(options).flatMap(({ aliases, name }) => [name, ...(aliases ?? [])]),
  ...unusedOptions,
]);

function secretNames(): Set<string> {
  return new Set(Object.values(options).flatMap(({ aliases, isSecret, name }) => (isSecret === true ? [name, ...(aliases ?? [])] : [])));
}

/** The server options that stand on a command line, by name. ConfigError for a secret. */
function flagsOf(command: Command): Map<string, string> {
  const values: Values = command.opts();
  const secrets = secretNames();
  const flags = new Map<string, string>();
  for (const option of command.options) {
    const name = option.long?.slice(2) ?? '';
    const value = values[option.attributeName()];
    if (value === undefined || !serverNames.has(name)) continue;
    if (secrets.has(name)) {
      throw new ConfigError(
        `--${name} would show the secret to everybody on this machine. Put "${name} = …" into the file config of the data directory, ` +
          `or its value into a file and that file's path into the variable ${variableOf(name)}_FILE.`,
      );
    }
    flags.set(name, typeof value === 'string' ? value : 'true');
  }
  return flags;
}

/** Where the settings for a command stand. */
export function settingsOf(command: Command): SourceLocations {
  const { data }: Values = command.opts();
  return {
    dataDirectory: locateDataDirectory(typeof data === 'string' ? data : undefined, process.env),
    environment: process.env,
    flags: flagsOf(command),
  };
}

/** Settings, and whether the disk of the data directory cannot be written. */
export interface LoadedSettings extends LoadedConfig {
  readonly isReadOnly: boolean;
}

/** For what settings are loaded. */
interface SettingsUse {
  /** A command that only reads. Default: false. */
  readonly onlyReads?: boolean;
  /** The work of a running server, if there is one. Default: false. */
  readonly serverWorks?: boolean;
}

/**
 * Loads the configuration and tells the person what is strange in it. A disk that cannot be written is no error with `onlyReads`: a failing one
 * becomes like that, and then a backup is wanted most; nor when a running server does the work.
 */
export async function loadSettings(command: Command, use: SettingsUse = {}): Promise<LoadedSettings> {
  const loaded = await load(settingsOf(command), use);
  for (const warning of loaded.warnings) notify(warning);
  return loaded;
}

async function load(settings: SourceLocations, { onlyReads = false, serverWorks = false }: SettingsUse): Promise<LoadedSettings> {
  try {
    return { ...(await loadConfig(settings)), isReadOnly: false };
  } catch (error) {
    if (!(error instanceof PyrgosError) || error.data['system'] !== 'EROFS') throw error;
    // A server that runs does the work itself, and knows best what its disk takes.
    const isServerThere = serverWorks && (await findLockHolder(settings.dataDirectory))?.purpose === 'server';
    if (isServerThere) return { ...parseConfig(readConfigSources(settings)), isReadOnly: false };
    if (!onlyReads) throw error;
    const loaded = parseConfig(readConfigSources(settings));
    const notice = `the disk of ${settings.dataDirectory} is read-only; this works on a copy of the database. Check the disk`;
    return { ...loaded, warnings: [notice, ...loaded.warnings], isReadOnly: true };
  }
}
