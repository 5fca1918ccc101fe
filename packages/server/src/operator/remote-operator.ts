import { connect, type Socket } from 'node:net';
import { AbortedError, deserialiseError, type ErrorCode, PyrgosError, type SerialisedError, throwIfAborted } from '@pyrgos/core/errors';
import type { BackupSummary } from '../backup/index.js';
import type { LockHolder } from '../config/data-directory-lock.js';
import { OPERATOR_CANCEL_PATIENCE } from '../limits.js';
import type { AnswerMessage, CallMessage } from './calls.js';
import type {
  BackupProgress,
  GarbageSummary,
  GrantOptions,
  GrantReport,
  InviteLink,
  MessageReport,
  Operator,
  ServerStatus,
  SpaceRequestReport,
  UserReport,
} from './operator.js';

/** The lines that a socket brings, to its end or until it is cut off. */
async function* linesOf(socket: Socket): AsyncGenerator<string> {
  socket.setEncoding('utf8');
  let rest = '';
  try {
    for await (const chunk of socket as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch {
    // Whatever cut it off: the caller sees that the answer is missing.
  }
}

/** {@link Operator} of the running server, called over the socket of its data directory. */
export class RemoteOperator implements Operator {
  constructor(private readonly holder: LockHolder) {}

  async createTokens(count: number): Promise<readonly InviteLink[]> {
    return this.call('createTokens', [count]);
  }

  async listTokens(): Promise<readonly InviteLink[]> {
    return this.call('listTokens', []);
  }

  async revokeToken(token: string): Promise<boolean> {
    return this.call('revokeToken', [token]);
  }

  async listUsers(): Promise<readonly UserReport[]> {
    return this.call('listUsers', []);
  }

  async setQuota(name: string, bytes: number, { isSure = false }: GrantOptions = {}): Promise<GrantReport> {
    return this.call('setQuota', [name, bytes, isSure]);
  }

  async deleteUser(name: string): Promise<void> {
    await this.call('deleteUser', [name]);
  }

  async listRequests(): Promise<readonly SpaceRequestReport[]> {
    return this.call('listRequests', []);
  }

  async approveRequest(name: string, bytes?: number, { isSure = false }: GrantOptions = {}): Promise<GrantReport> {
    return this.call('approveRequest', [name, bytes ?? null, isSure]);
  }

  async rejectRequest(name: string): Promise<number> {
    return this.call('rejectRequest', [name]);
  }

  async sendMessage(name: string, text: string): Promise<void> {
    await this.call('sendMessage', [name, text]);
  }

  async readMessages(name: string): Promise<readonly MessageReport[]> {
    return this.call('readMessages', [name]);
  }

  async collectGarbage(signal?: AbortSignal): Promise<GarbageSummary> {
    return this.call('collectGarbage', [], undefined, signal);
  }

  async status(signal?: AbortSignal): Promise<ServerStatus> {
    // Nothing has to be left in order.
    return this.call('status', [], undefined, signal, 0);
  }

  async backUp(target: string, onProgress?: (progress: BackupProgress) => void, signal?: AbortSignal): Promise<BackupSummary> {
    try {
      return await this.call<BackupSummary>('backUp', [target], onProgress, signal);
    } catch (error) {
      if (!(error instanceof PyrgosError) || !['EACCES', 'EPERM'].includes(String(error.data['system']))) throw error;
      throw new PyrgosError(
        error.code,
        `${error.message} The running server writes the backup, as its own user: name a folder where that user may write.`,
        { data: error.data, cause: error },
      );
    }
  }

  /**
   * The answer is taken as it is: it comes from our own software, over a socket that only this user can have made. A call that is cancelled ends when the
   * server has left the work in order, and normally with its answer; one that takes too long for that is left alone.
   */
  private async call<T>(
    operation: keyof Operator,
    parameters: CallMessage['parameters'],
    onProgress?: (progress: BackupProgress) => void,
    signal?: AbortSignal,
    cancelPatience: number = OPERATOR_CANCEL_PATIENCE,
  ): Promise<T> {
    throwIfAborted(signal, operation);
    const socket = connect(this.holder.socket);
    let patience: NodeJS.Timeout | undefined;
    const cancel = (): void => {
      socket.end();
      patience = setTimeout(() => socket.destroy(), cancelPatience);
    };
    signal?.addEventListener('abort', cancel);
    try {
      // After an error of the socket its lines end, which is reported below.
      socket.on('error', () => undefined);
      const call: CallMessage = { secret: this.holder.secret, operation, parameters };
      socket.write(`${JSON.stringify(call)}\n`);
      for await (const line of linesOf(socket)) {
        const answer = JSON.parse(line) as AnswerMessage;
        if ('progress' in answer) onProgress?.(answer.progress);
        else if ('result' in answer) return answer.result as T;
        else throw deserialiseError(answer.error as SerialisedError);
      }
      if (signal?.aborted === true) throw new AbortedError(operation, signal);
      throw new PyrgosError('network' satisfies ErrorCode, 'The server stopped before it had answered; look whether it was done.', {
        retry: 'after',
      });
    } finally {
      signal?.removeEventListener('abort', cancel);
      clearTimeout(patience);
      socket.destroy();
    }
  }
}
