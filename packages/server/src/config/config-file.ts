import { ConfigError } from './config-error.js';

/** One setting of a configuration file. */
interface FileSetting {
  readonly name: string;
  readonly value: string;
  /** From 1. */
  readonly line: number;
}

/** What a configuration file says, and what is wrong with it. */
export interface ParsedConfigFile {
  readonly settings: readonly FileSetting[];
  /** For people; they name lines and never repeat values. */
  readonly problems: readonly string[];
}

/**
 * Reads a configuration file (chapter 08 section 2.1): `name = value` lines, `#` comments, and an inline comment after ` #`. `=` at the end of a
 * line is dropped; a value with `=` inside cannot be written here. A name occurs once.
 */
export function parseConfigFile(text: string): ParsedConfigFile {
  const settings: FileSetting[] = [];
  const problems: string[] = [];
  const lines = new Map<string, number>();
  for (const [index, raw] of text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = index + 1;
    const content = raw.trim();
    if (content === '' || content.startsWith('#')) continue;
    const bare = content.split(' #', 1)[0]?.trim().replace(/=+$/, '') ?? '';
    const parts = bare.split('=').map((part) => part.trim());
    const [name = '', value = ''] = parts;
    // `name =` is a setting with an empty value, although its `=` is dropped.
    const isEmptyValue = parts.length === 1 && content.includes('=');
    if (name === '' || (parts.length !== 2 && !isEmptyValue)) {
      problems.push(`line ${line} is not of the form "name = value" with one "="; use the environment variable, or its _FILE form`);
      continue;
    }
    const before = lines.get(name);
    if (before !== undefined) {
      problems.push(`line ${line} sets ${name} again, which line ${before} has set already`);
      continue;
    }
    lines.set(name, line);
    settings.push({ name, value, line });
  }
  return { settings, problems };
}

/** What a new data directory gets as its configuration file. */
export const initialConfigFile: string = `# Configuration of this Pyrgos server: one "name = value" a line.
# "pyrgos config explain" lists all names with their values and says where each value comes from.
# The command line and environment variables (PYRGOS_PORT for port) win over this file.
#
# port = 8000
# listen-host = localhost
# default-quota = 1g
`;

/** The bytes of a configuration file as text. `label` names it. ConfigError when they are not UTF-8. */
export function decodeConfigFile(bytes: Uint8Array, label: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ConfigError(`${label} is not UTF-8 text`);
  }
}
