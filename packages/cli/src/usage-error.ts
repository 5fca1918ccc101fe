import { PyrgosError } from '@pyrgos/core/errors';

/** The command was used wrongly, in a way that only its action can tell. The message says how it is meant. `argument`. */
export class UsageError extends PyrgosError {
  constructor(message: string) {
    super('argument', message);
  }
}
