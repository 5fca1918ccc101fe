import type { Option } from './option.js';
import { options } from './options.js';
import type { LoadedConfig, ValueSource } from './parse-config.js';
import type { ServerOptions } from './server-config.js';

/** One option as a person wants to see it. */
export interface ExplainedOption {
  readonly name: string;
  /** As it would be written; `(secret)` for secrets and undefined for what is not set. */
  readonly value: string | undefined;
  readonly source: ValueSource;
  readonly help: string;
}

/** Every option with its effective value and where that comes from, in the order of options.ts. Secrets are not shown. */
export function explainConfig({ config, sources }: Pick<LoadedConfig, 'config' | 'sources'>): readonly ExplainedOption[] {
  const explain = <K extends keyof ServerOptions>(key: K, value: ServerOptions[K]): ExplainedOption => {
    const option: Option<ServerOptions[K]> = options[key];
    return {
      name: option.name,
      value: value === undefined ? undefined : option.isSecret === true ? '(secret)' : option.show(value),
      source: sources.get(key) ?? 'default',
      help: option.help,
    };
  };
  return (Object.keys(options) as readonly (keyof ServerOptions)[]).map((key) => explain(key, config[key]));
}
