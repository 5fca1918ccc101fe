import { PyrgosError } from '@pyrgos/core/errors';
import { closestName } from './closest-name.js';
import { ConfigError } from './config-error.js';
import type { ParsedConfigFile } from './config-file.js';
import { OptionProblem } from './option-problem.js';
import { options, unsupportedOptions, unusedOptions } from './options.js';
import type { ServerConfig, ServerOptions } from './server-config.js';

/** Everything that configures a server, read but not yet judged. */
export interface ConfigSources {
  readonly dataDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Settings of the command line, by option name. */
  readonly flags: ReadonlyMap<string, string>;
  /** Undefined when there is none. */
  readonly file: ParsedConfigFile | undefined;
  /** What to tell the person anyway. */
  readonly notices: readonly string[];
  /** The content of a file that a variable `…_FILE` names. Throws PyrgosError. */
  readonly readSecretFile: (variable: string, path: string) => string;
}

/** Where a value comes from: `default`, `command line`, the name of a variable, or `config line 3`. */
export type ValueSource = string;

/** A checked configuration. */
export interface LoadedConfig {
  readonly config: ServerConfig;
  readonly sources: ReadonlyMap<keyof ServerOptions, ValueSource>;
  /** What is strange but no reason not to start. For people. */
  readonly warnings: readonly string[];
}

interface Setting {
  readonly value: string;
  readonly source: ValueSource;
}

type Key = keyof ServerOptions;

const keys = Object.keys(options) as readonly Key[];

function namesOf(key: Key): readonly string[] {
  const { aliases, name } = options[key];
  return [name, ...(aliases ?? [])];
}

const keyByName: ReadonlyMap<string, Key> = new Map(keys.flatMap((key) => namesOf(key).map((name) => [name, key] as const)));

/** The environment variable of an option: `PYRGOS_LISTEN_HOST` for `listen-host`. */
export function variableOf(name: string): string {
  return `PYRGOS_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`;
}

/**
 * Judges all settings at once. For each option the command line wins over the environment, that over the configuration file, and that over
 * the default. (The reference lets the file win over the environment; in a container that would make variables useless.) ConfigError
 * lists every problem, one a line, names that nothing knows included; values are repeated in none.
 */
export function parseConfig(sources: ConfigSources): LoadedConfig {
  const reader = new Reader(sources);
  return reader.load();
}

class Reader {
  private readonly problems: string[] = [];
  private readonly warnings: string[] = [];
  private readonly settings = new Map<Key, Setting>();

  constructor(private readonly input: ConfigSources) {
    this.warnings.push(...input.notices);
    this.problems.push(...(input.file?.problems.map((problem) => `config: ${problem}`) ?? []));
    // Weakest first: later ones replace.
    for (const { name, value, line } of input.file?.settings ?? []) this.add(name, { value, source: `config line ${line}` });
    for (const key of keys) this.readVariables(key);
    this.refuseVariables();
    for (const [name, value] of input.flags) this.add(name, { value, source: 'command line' });
  }

  load(): LoadedConfig {
    const values = new Map<Key, unknown>();
    for (const key of keys) this.read(key, values);
    const get = <K extends Key>(key: K): ServerOptions[K] => {
      if (!values.has(key)) values.set(key, options[key].fallback(get, this.input));
      return values.get(key) as ServerOptions[K];
    };
    const checked = Object.fromEntries(keys.map((key) => [key, freeze(get(key))])) as unknown as ServerOptions;
    const config = Object.freeze({ ...checked, dataDirectory: this.input.dataDirectory });
    if (this.problems.length === 0) this.checkTogether(config);
    if (this.problems.length > 0) throw configError(this.problems);
    const sources = new Map(keys.map((key) => [key, this.settings.get(key)?.source ?? 'default']));
    return { config, sources, warnings: this.warnings };
  }

  private read(key: Key, values: Map<Key, unknown>): void {
    const option = options[key];
    const setting = this.settings.get(key);
    if (setting === undefined) return;
    try {
      values.set(key, option.read(setting.value, this.input));
    } catch (error) {
      if (!(error instanceof OptionProblem)) throw error;
      this.problems.push(`${option.name} (${setting.source}) ${error.message}`);
    }
  }

  private add(name: string, setting: Setting): void {
    const key = keyByName.get(name);
    if (key !== undefined) {
      this.settings.set(key, setting);
      return;
    }
    const label = `${printable(name)} (${setting.source})`;
    if (unsupportedOptions.some((pattern) => pattern.test(name))) {
      this.problems.push(`${label} is an option of the reference server that Pyrgos does not support; remove it`);
    } else if (unusedOptions.has(name)) {
      this.warnings.push(`${label} is an option of the reference server that Pyrgos does not use`);
    } else {
      const closest = closestName(name, keyByName.keys());
      const advice = closest === undefined ? 'pyrgos config explain lists all names' : `did you mean ${closest}?`;
      this.problems.push(`${label} is unknown; ${advice}`);
    }
  }

  /** `PYRGOS_LISTEN_HOST` and, as the reference has it, `listen-host`; each also with `_FILE` for a file that holds the value. */
  private readVariables(key: Key): void {
    const { environment, readSecretFile } = this.input;
    // Whether it names a file with the value; the name of an option may end like that as well.
    const variables = new Map<string, boolean>();
    for (const plain of namesOf(key).flatMap((name) => [variableOf(name), name])) variables.set(plain, false).set(`${plain}_FILE`, true);
    const [first, second] = [...variables].filter(([variable]) => environment[variable] !== undefined);
    if (first === undefined) return;
    const [variable, namesFile] = first;
    if (second !== undefined) this.problems.push(`${variable} and ${second[0]} both set ${options[key].name}; leave one`);
    const value = environment[variable] ?? '';
    try {
      this.settings.set(key, { value: namesFile ? readSecretFile(variable, value) : value, source: variable });
    } catch (error) {
      if (!(error instanceof PyrgosError)) throw error;
      this.problems.push(error.message);
    }
  }

  /** Only those that look like a misspelt option: others with our prefix belong to other parts, or were set by a container's platform. */
  private refuseVariables(): void {
    const known = new Set(['PYRGOS_PATH', ...[...keyByName.keys()].flatMap((name) => [variableOf(name), `${variableOf(name)}_FILE`])]);
    for (const variable of Object.keys(this.input.environment)) {
      if (!variable.startsWith('PYRGOS_') || known.has(variable)) continue;
      const closest = closestName(variable, known);
      if (closest !== undefined) this.problems.push(`${variable} (environment) is unknown; did you mean ${closest}?`);
    }
  }

  private checkTogether(config: ServerConfig): void {
    if (config.publicServer && config.publicDomain === undefined) {
      this.problems.push('public-server needs public-domain: the name under which a proxy with TLS makes it public');
    }
    if (config.webauthnOrigins.length > 0 && config.publicDomain !== undefined) {
      this.problems.push('webauthn-origins is for development on this machine and cannot be used with public-domain');
    }
    if (config.collectMetrics && config.metricsPort !== 0 && config.metricsPort === config.port) {
      this.problems.push('metrics.port must not be the same as port');
    }
  }
}

function freeze<T>(value: T): T {
  return Array.isArray(value) ? Object.freeze(value) : value;
}

function configError(problems: readonly string[]): ConfigError {
  const list = problems.map((problem) => `\n  - ${problem}`).join('');
  return new ConfigError(`The configuration cannot be used:${list}`, problems.length);
}

/** A name from a file or variable, safe to print. */
function printable(name: string): string {
  return name.slice(0, 80).replaceAll(/\p{Cc}/gu, '?');
}
