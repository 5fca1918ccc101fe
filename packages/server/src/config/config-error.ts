import { PyrgosError } from '@pyrgos/core/errors';

/** The settings of a server cannot be used: a wrong value, an unknown name, a file that is none. `format.config`; the person has to change something. */
export class ConfigError extends PyrgosError {
  override readonly name = 'ConfigError';

  constructor(message: string, problems = 1) {
    super('format.config', message, { data: { problems } });
  }
}
