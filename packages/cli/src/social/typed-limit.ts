import { LimitError } from '@pyrgos/client';
import { UsageError } from '../usage-error.js';

/** Throws an error of the client; a LimitError about something that was typed is wrong use: UsageError. */
export function asTyped(error: unknown): never {
  throw error instanceof LimitError ? new UsageError(error.message) : error;
}
