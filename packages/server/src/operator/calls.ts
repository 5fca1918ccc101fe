import { ArgumentError } from '@pyrgos/core/errors';
import type { BackupProgress, Operator } from './operator.js';

/** A call as it crosses the socket: one line of JSON. */
export interface CallMessage {
  readonly secret: string;
  readonly operation: string;
  readonly parameters: readonly unknown[];
}

/** What comes back: any number of progress reports, then a result or an error; each a line of JSON. */
export type AnswerMessage =
  | { readonly progress: BackupProgress }
  | { readonly result: unknown }
  | { readonly error: { readonly code: string; readonly message: string; readonly data: unknown; readonly retry: string } };

/** A parameter that must be text. */
function text(parameters: readonly unknown[], position: number): string {
  const value = parameters[position];
  if (typeof value !== 'string') throw new ArgumentError('parameters', 'must be text here', { position });
  return value;
}

/** A parameter that must be a whole number. */
function integer(parameters: readonly unknown[], position: number): number {
  const value = parameters[position];
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw new ArgumentError('parameters', 'must be a whole number here', { position });
  return value;
}

/** A parameter that is yes or no; no when it is missing. */
function flag(parameters: readonly unknown[], position: number): boolean {
  const value = parameters[position] ?? false;
  if (typeof value !== 'boolean') throw new ArgumentError('parameters', 'must be true or false here', { position });
  return value;
}

/** What a call may need besides its parameters. */
interface CallEnvironment {
  readonly operator: Operator;
  readonly onProgress: (progress: BackupProgress) => void;
  /** Aborted when the caller has gone. */
  readonly signal: AbortSignal;
}

type Call = (environment: CallEnvironment, parameters: readonly unknown[]) => Promise<unknown>;

/** Every operation that can be called, by its name in {@link Operator}. */
export const calls: ReadonlyMap<string, Call> = new Map<keyof Operator, Call>([
  ['createTokens', async ({ operator }, given) => operator.createTokens(integer(given, 0))],
  ['listTokens', async ({ operator }) => operator.listTokens()],
  ['revokeToken', async ({ operator }, given) => operator.revokeToken(text(given, 0))],
  ['listUsers', async ({ operator }) => operator.listUsers()],
  ['setQuota', async ({ operator }, given) => operator.setQuota(text(given, 0), integer(given, 1), { isSure: flag(given, 2) })],
  ['deleteUser', async ({ operator }, given) => operator.deleteUser(text(given, 0))],
  ['listRequests', async ({ operator }) => operator.listRequests()],
  [
    'approveRequest',
    async ({ operator }, given) => {
      const bytes = (given[1] ?? null) === null ? undefined : integer(given, 1);
      return operator.approveRequest(text(given, 0), bytes, { isSure: flag(given, 2) });
    },
  ],
  ['rejectRequest', async ({ operator }, given) => operator.rejectRequest(text(given, 0))],
  ['sendMessage', async ({ operator }, given) => operator.sendMessage(text(given, 0), text(given, 1))],
  ['readMessages', async ({ operator }, given) => operator.readMessages(text(given, 0))],
  ['collectGarbage', async ({ operator, signal }) => operator.collectGarbage(signal)],
  ['status', async ({ operator }) => operator.status()],
  ['backUp', async ({ operator, onProgress, signal }, given) => operator.backUp(text(given, 0), onProgress, signal)],
]);
