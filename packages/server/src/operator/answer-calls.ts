import { createHash, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import { ArgumentError, DeniedError, serialiseError } from '@pyrgos/core/errors';
import type { DataDirectoryLock } from '../config/data-directory-lock.js';
import { MAX_OPERATOR_CALL_SIZE, OPERATOR_CALL_PATIENCE } from '../limits.js';
import { type AnswerMessage, calls, type CallMessage } from './calls.js';
import type { Operator } from './operator.js';

function isCall(value: unknown): value is CallMessage {
  if (typeof value !== 'object' || value === null) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  return typeof fields.get('secret') === 'string' && typeof fields.get('operation') === 'string' && Array.isArray(fields.get('parameters'));
}

function isSecret(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

/** Reads one line; undefined when the caller hangs up before its end, or the line is too long. */
async function readLine(socket: Socket): Promise<string | undefined> {
  let line = '';
  socket.setEncoding('utf8');
  socket.setTimeout(OPERATOR_CALL_PATIENCE, () => socket.destroy());
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<string>) {
    line += chunk;
    const end = line.indexOf('\n');
    if (end >= 0) {
      // The work itself may take as long as it takes.
      socket.setTimeout(0);
      return line.slice(0, end);
    }
    if (line.length > MAX_OPERATOR_CALL_SIZE) return undefined;
  }
  return undefined;
}

async function answer(socket: Socket, expected: string, operator: Operator): Promise<void> {
  const send = (message: AnswerMessage): void => {
    socket.write(`${JSON.stringify(message)}\n`);
  };
  const line = await readLine(socket);
  // Somebody who only looks whether we live.
  if (line === undefined) return;
  const gone = new AbortController();
  // One that has gone, or says that it wants no answer any more by closing its side. Nobody sees either who does not read on.
  for (const event of ['end', 'close']) socket.once(event, () => gone.abort());
  socket.resume();
  try {
    const call: unknown = JSON.parse(line);
    if (!isCall(call)) throw new ArgumentError('call', 'has another form');
    if (!isSecret(call.secret, expected)) throw new DeniedError('denied.admin', 'Wrong secret.');
    const run = calls.get(call.operation);
    if (run === undefined) throw new ArgumentError('operation', 'is unknown: the running server has another version than this command');
    const environment = { operator, onProgress: (progress: { blocks: number; bytes: number }) => send({ progress }), signal: gone.signal };
    send({ result: (await run(environment, call.parameters)) ?? null });
  } catch (error) {
    send({ error: serialiseError(error) });
  }
}

/**
 * Lets commands of the same person call the operator of a running server, over the socket of its data directory. The socket lies in a folder that
 * only the owner can enter, and a call shows the secret of the lock file, which only the owner can read. One call a connection; closing it, or its
 * sending side, cancels the call.
 */
export function answerCalls(lock: DataDirectoryLock, operator: Operator): void {
  lock.onCall((socket, secret) => {
    answer(socket, secret, operator).then(
      () => socket.end(),
      () => socket.destroy(),
    );
  });
}
