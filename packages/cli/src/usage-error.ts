import { PyrgosError } from '@pyrgos/core/errors';

/** The command was used wrongly, in a way that only its action can tell. The message says how it is meant. `argument`. */
export class UsageError extends PyrgosError {
  override readonly name = 'UsageError';

  constructor(message: string) {
    super('argument', message);
  }
}
