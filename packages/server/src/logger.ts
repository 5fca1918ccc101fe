import { PyrgosError } from '@pyrgos/core/errors';
import { type Logger, multistream, pino } from 'pino';
import type { LogLevel } from './config/server-config.js';
import { RotatingLog, type RotatingLogOptions } from './rotating-log.js';

/** Where the log goes. */
export interface LoggerOptions {
  readonly level: LogLevel;
  /** Files; absent: none. */
  readonly files?: RotatingLogOptions;
  /** Where everything goes too, as JSON lines. */
  readonly console?: { write(line: string): unknown };
  /** Where errors go in any case, in a form for people, unless `console` is there. */
  readonly alarm?: { write(line: string): unknown };
}

/** A logger with the file behind it. */
export interface ServerLogger {
  readonly logger: Logger;
  close(): void;
}

/**
 * Names of facts that are never written, whatever they hold: secrets, and what clients send. Queries hold signatures and keys, bodies hold
 * everything.
 */
const forbidden = ['token', 'password', 'secret', 'auth', 'authorization', 'cookie', 'query', 'url', 'body', 'headers', 'req', 'res'];

/** Lines of a stack that are kept. */
const MAX_STACK_LINES = 12;

/**
 * An error as a log record. Ours carry facts without secrets. The text of any other error may quote what a client sent, so only its kind and the
 * places in our code are kept.
 */
function describeError(error: unknown): object {
  if (error instanceof PyrgosError) {
    const cause = error.cause === undefined ? {} : { cause: describeError(error.cause) };
    return { code: error.code, message: error.message, data: error.data, ...cause };
  }
  if (!(error instanceof Error)) return { kind: typeof error };
  const system = 'code' in error && typeof error.code === 'string' ? { system: error.code } : {};
  const places = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { kind: error.name, ...system, stack: places.slice(0, MAX_STACK_LINES).map((line) => line.trim()) };
}

/** Primary result code of SQLite: the disk is full. */
const SQLITE_FULL = 13;

function fieldsOf(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);
}

/** Whether an error, as {@link describeError} describes it, comes from a full disk. */
function isDiskFull(error: ReadonlyMap<string, unknown>): boolean {
  const data = fieldsOf(error.get('data'));
  const sqlite = data.get('sqlite');
  if (typeof sqlite === 'number' && (sqlite & 0xff) === SQLITE_FULL) return true;
  if ([data.get('system'), error.get('system')].some((code) => code === 'ENOSPC' || code === 'EDQUOT')) return true;
  return error.has('cause') && isDiskFull(fieldsOf(error.get('cause')));
}

/** What a person should read about a record: what they can do something about stands in it, everything else in the log. */
function alarmText(record: ReadonlyMap<string, unknown>): string {
  const message = record.get('msg');
  const what = typeof message === 'string' ? message : 'an error';
  const error = fieldsOf(record.get('err') ?? record.get('error'));
  if (isDiskFull(error)) return `${what} because the disk is full; free some space where the data directory is`;
  const reason = error.get('message');
  if (error.get('code') === 'storage' && typeof reason === 'string') return `${what}: ${reason} The log says more`;
  return `${what}; the log says more`;
}

/** Shows records of errors to a person. */
function alarmStream(alarm: { write(line: string): unknown }): { write(line: string): void } {
  return {
    write: (line) => {
      alarm.write(`pyrgos: ${alarmText(fieldsOf(JSON.parse(line)))}\n`);
    },
  };
}

/** Makes the logger of a server. It writes synchronously and never fails. */
export function createLogger({ alarm, console, files, level }: LoggerOptions): ServerLogger {
  const file = files === undefined ? undefined : new RotatingLog(files);
  const streams = [
    ...(file === undefined ? [] : [{ level: 'trace' as const, stream: file }]),
    ...(console === undefined ? [] : [{ level: 'trace' as const, stream: console }]),
    ...(console === undefined && alarm !== undefined ? [{ level: 'error' as const, stream: alarmStream(alarm) }] : []),
  ];
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError, error: describeError },
      redact: { paths: forbidden.flatMap((name) => [name, `*.${name}`]), censor: '(not logged)' },
    },
    multistream(streams.map(({ level, stream }) => ({ level, stream: { write: (line: string) => void stream.write(line) } }))),
  );
  return { logger, close: () => file?.close() };
}
