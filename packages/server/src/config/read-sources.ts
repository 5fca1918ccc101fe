import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PyrgosError } from '@pyrgos/core/errors';
import { systemCode, systemReason } from '../system-reason.js';
import { MAX_CONFIG_FILE_SIZE } from '../limits.js';
import { ConfigError } from './config-error.js';
import { decodeConfigFile, parseConfigFile } from './config-file.js';
import type { ConfigSources } from './parse-config.js';

/** Where the settings of a server may stand. */
export interface SourceLocations {
  readonly dataDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Settings of the command line, by option name. */
  readonly flags: ReadonlyMap<string, string>;
}

/** The configuration file of a data directory. */
export function configFilePath(dataDirectory: string): string {
  return join(dataDirectory, 'config');
}

/**
 * Reads the configuration file, which may be missing, and files that variables named `…_FILE` point to. PyrgosError `storage` when a file
 * cannot be read, ConfigError when it is too large or no text.
 */
export function readConfigSources({ dataDirectory, environment, flags }: SourceLocations): ConfigSources {
  const path = configFilePath(dataDirectory);
  const bytes = readBounded(path, path);
  const file = bytes === undefined ? undefined : parseConfigFile(decodeConfigFile(bytes, path));
  const notices: string[] = [];
  if (bytes !== undefined && process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
    notices.push(`${path} can be read by other users of this machine; run: chmod 600 ${path}`);
  }
  return {
    dataDirectory,
    environment,
    flags,
    file,
    notices,
    readSecretFile: (variable, secretPath) => {
      const content = readBounded(secretPath, variable);
      if (content === undefined) throw new PyrgosError('storage', `The file that ${variable} names does not exist.`);
      // Editors and secret stores end a file with a line break.
      return decodeConfigFile(content, variable).replace(/\r?\n$/, '');
    },
  };
}

function readBounded(path: string, label: string): Uint8Array | undefined {
  try {
    if (statSync(path).size > MAX_CONFIG_FILE_SIZE) throw new ConfigError(`${label} must not exceed ${MAX_CONFIG_FILE_SIZE} bytes`);
    return readFileSync(path);
  } catch (error) {
    if (error instanceof PyrgosError) throw error;
    const system = systemCode(error) ?? 'unknown';
    if (system === 'ENOENT') return undefined;
    throw new PyrgosError('storage', `${label} cannot be read: ${systemReason(error)}.`, { data: { system } });
  }
}
