import { whenAborted } from '@pyrgos/core/abort';
import { toHex } from '@pyrgos/core/bytes';
import type { RandomSource } from '@pyrgos/core/crypto';
import { AbortedError, PyrgosError, throwIfAborted } from '@pyrgos/core/errors';
import { MAX_LARGE_ANSWERS, RESTART_PATIENCE } from '@pyrgos/core/limits';
import type { Clock } from '../../commit/clock.js';
import { mayHaveArrived } from '../../commit/lost-answer.js';
import { markSpent, retrying } from '../../commit/retry.js';
import type { ServerTime } from '../../commit/server-time.js';
import type { RequestObserver } from '../request-observer.js';
import { AnswerBuffer } from './answer-buffer.js';
import { AnswerDates } from './answer-dates.js';
import type { Endpoint } from './endpoints.js';
import { isPage, notPeergos } from './not-peergos.js';
import { serverError } from './server-error.js';
import { SharedTasks } from '../../waiting/shared-tasks.js';
import type { SetTimer } from '../../waiting/timer.js';
import { Slots } from './slots.js';
import { type Transport, TransportFailure, type TransportResponse } from './transport.js';
import { type CallTimeouts, Watchdog } from './watchdog.js';

/** What one call sends. */
export interface CallParts {
  /** Begins with a question mark, or is empty. */
  readonly query?: string;
  /** What follows the path of the endpoint. */
  readonly suffix?: string;
  readonly body?: readonly Uint8Array[];
}

/** What a {@link Caller} is made of. */
export interface CallerOptions {
  readonly transport: Transport;
  /** Path of the server's URL, with a slash at its end. */
  readonly basePath: string;
  /** Whether reads begin as GET. */
  readonly isPublic: boolean;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly timer: SetTimer;
  readonly timeouts: CallTimeouts;
  readonly maxRequests: number;
  readonly onRequest: RequestObserver | undefined;
}

/** Connections in a row that may turn out to be given up by the server, before a fresh one is waited for. */
const MAX_STALE_CONNECTIONS = 3;
/** Of an answer that says no more than its head. */
const MAX_IGNORED_BODY = 65_536;

const failures: Readonly<Record<TransportFailure['reason'], string>> = {
  unreachable: 'The server cannot be reached.',
  'no-answer': 'The server cannot be reached, or the connection to it was lost.',
  broken: 'The connection to the server was lost.',
  stale: 'The connection to the server was lost.',
  malformed: 'What answers is no proper web server.',
  certificate: 'The certificate of the server is not valid.',
};

/** Nothing is sent. */
const nothing: readonly Uint8Array[] = [];

/** Success of all calls but the ones that lead elsewhere. */
function isSuccess(status: number): boolean {
  return status === 200 || status === 204;
}

/**
 * Whether after this error the server may have done what it must not do twice, or what fails the second time: an update of a pointer, and
 * all that is never repeated. What was sent nowhere has not happened, and blocks that no pointer leads to are nothing.
 */
function mayHaveHappened({ isWrite, retries, area }: Endpoint, error: unknown): boolean {
  if (!isWrite || (retries !== undefined && area !== 'pointers')) return false;
  return mayHaveArrived(error);
}

/** The same error with the advice to look first whether it has been done. */
function lookFirst(error: unknown): unknown {
  if (!(error instanceof PyrgosError) || error.code !== 'network' || error.retry !== 'safe') return error;
  return new PyrgosError('network', error.message, { data: error.data, retry: 'after' });
}

/** The head and the body of an answer. */
interface Answer {
  readonly response: TransportResponse;
  readonly bytes: Uint8Array;
}

/**
 * Makes calls: a bounded number at a time, repeated where that is harmless, watched, with bounded answers, and every failure a PyrgosError.
 * One for each server.
 */
export class Caller {
  private readonly slots: Slots;
  private readonly largeAnswers = new Slots(MAX_LARGE_ANSWERS);
  private readonly shared = new SharedTasks<string, Uint8Array>('the call');
  private readonly dates = new AnswerDates();
  private readsAreGets: boolean;
  private lastAnswer = -Infinity;
  /** Requests since then of which nobody knows whether they were sent. */
  private unanswered = 0;

  constructor(private readonly options: CallerOptions) {
    this.slots = new Slots(options.maxRequests);
    this.readsAreGets = options.isPublic;
  }

  /** What the answers tell about time. */
  get time(): ServerTime {
    return this.dates;
  }

  /**
   * The body of a successful answer. `parts`, when it is a function, is asked for each attempt, since signatures get old. `onLost` hears of every
   * attempt without an answer that may have done what must not be done twice.
   */
  async call(
    endpoint: Endpoint,
    parts: CallParts | (() => CallParts),
    signal?: AbortSignal,
    onLost: () => void = () => undefined,
  ): Promise<Uint8Array> {
    throwIfAborted(signal, endpoint.method);
    if (endpoint.isShared && typeof parts !== 'function') {
      const { body = nothing } = parts;
      const key = [this.targetOf(endpoint, parts), ...body.map((part) => toHex(part))].join(' ');
      return this.shared.run(key, signal, async (own) => (await this.repeat(endpoint, () => parts, own)).bytes);
    }
    try {
      const make = typeof parts === 'function' ? parts : () => parts;
      return (await this.repeat(endpoint, make, signal, isSuccess, onLost)).bytes;
    } finally {
      if (endpoint.isWrite) this.shared.clear();
    }
  }

  /** Where an answer leads that is a redirect; undefined when the platform does not tell. */
  async locate(endpoint: Endpoint, parts: CallParts, signal?: AbortSignal): Promise<string | undefined> {
    throwIfAborted(signal, endpoint.method);
    const isRedirect = (status: number): boolean => status === 302 || status === 0;
    const { response } = await this.repeat(endpoint, () => parts, signal, isRedirect);
    return response.header('location');
  }

  /** Closes idle connections. */
  close(): void {
    this.options.transport.close();
  }

  private targetOf(endpoint: Endpoint, { query = '', suffix = '' }: CallParts): string {
    return `${this.options.basePath}${endpoint.path}${suffix}${query}`;
  }

  private async repeat(
    endpoint: Endpoint,
    make: () => CallParts,
    signal: AbortSignal | undefined,
    accepts: (status: number) => boolean = isSuccess,
    onLost: () => void = () => undefined,
  ): Promise<Answer> {
    const { retries } = endpoint;
    let isOpen = false;
    const failed = (error: unknown): void => {
      if (!mayHaveHappened(endpoint, error)) return;
      isOpen = true;
      onLost();
    };
    const attempt = async (): Promise<Answer> => {
      try {
        return await this.attempt(endpoint, make, signal, accepts, failed);
      } catch (error) {
        failed(error);
        throw error;
      }
    };
    try {
      if (retries === undefined) return await attempt();
      const { clock, random } = this.options;
      return await retrying(attempt, retries, { clock, random, signal });
    } catch (error) {
      throw isOpen ? lookFirst(error) : error;
    }
  }

  /** One attempt as callers count it: connections that had ended before they were used do not count. */
  private async attempt(
    endpoint: Endpoint,
    make: () => CallParts,
    signal: AbortSignal | undefined,
    accepts: (status: number) => boolean,
    failed: (error: unknown) => void,
  ): Promise<Answer> {
    for (let stale = 0; ; stale++) {
      if (!endpoint.isLong) await this.slots.take(signal);
      try {
        return await this.exchange(endpoint, make(), signal, accepts);
      } catch (error) {
        if (error instanceof TransportFailure) {
          if (error.reason === 'stale' && endpoint.retries !== undefined && stale < MAX_STALE_CONNECTIONS) {
            // Most likely the server had closed it before, but nothing says so.
            failed(this.networkError(endpoint, error));
            continue;
          }
          throw this.networkError(endpoint, error);
        }
        throw error;
      } finally {
        if (!endpoint.isLong) this.slots.release();
      }
    }
  }

  /** One request on the wire; two when the server turns out to want POST for all calls. */
  private async exchange(
    endpoint: Endpoint,
    parts: CallParts,
    signal: AbortSignal | undefined,
    accepts: (status: number) => boolean,
  ): Promise<Answer> {
    const answer = await this.request(endpoint, parts, signal, accepts);
    if (answer !== 'must be POST') return answer;
    this.readsAreGets = false;
    const again = await this.request(endpoint, parts, signal, accepts);
    if (again !== 'must be POST') return again;
    throw serverError({ ...endpoint, status: 405, trailer: undefined });
  }

  private async request(
    endpoint: Endpoint,
    parts: CallParts,
    signal: AbortSignal | undefined,
    accepts: (status: number) => boolean,
  ): Promise<Answer | 'must be POST'> {
    const { clock, timer, timeouts, transport } = this.options;
    const { body = nothing } = parts;
    const method = endpoint.isGet && (this.readsAreGets || endpoint.area === 'publicFiles') ? 'GET' : 'POST';
    const bytesSent = body.reduce((sum, part) => sum + part.length, 0);
    const controller = new AbortController();
    const abort = (): void => controller.abort(signal?.reason);
    let isLate = false;
    const watchdog = new Watchdog(timer, timeouts, bytesSent, () => {
      isLate = true;
      abort();
    });
    const stopListening = whenAborted(signal, abort);
    const start = clock.now();
    let bytesReceived = 0;
    let ok = false;
    try {
      const response = await transport.send({
        method,
        target: this.targetOf(endpoint, parts),
        body,
        isImmutable: endpoint.isImmutable,
        signal: controller.signal,
      });
      this.lastAnswer = clock.now();
      this.unanswered = 0;
      // What never changes may come from a cache, with the date of the day when it was put there.
      if (!endpoint.isImmutable) this.dates.note(response.header('date'), this.lastAnswer);
      const { status } = response;
      ok = accepts(status);
      const isRefusal = !ok || endpoint.area === 'publicFiles';
      const limit = isRefusal ? MAX_IGNORED_BODY : endpoint.limit;
      watchdog.begin(Math.min(limit, response.announcedSize ?? limit));
      const bytes = await this.receive(response, limit, isRefusal, watchdog, controller, (size) => (bytesReceived = size));
      // Of a block its hash decides, unless it is announced as a page.
      const isPlain = endpoint.isImmutable && response.header('content-type')?.startsWith('text/html') !== true;
      if (ok && !isPlain && isPage(bytes)) throw notPeergos(endpoint.method);
      if (ok) return { response, bytes };
      if (status === 405 && method === 'GET') return 'must be POST';
      throw serverError({ area: endpoint.area, method: endpoint.method, status, trailer: response.header('trailer') });
    } catch (error) {
      ok = false;
      if (signal?.aborted === true) throw new AbortedError(endpoint.method, signal);
      if (isLate) {
        const data = { call: endpoint.method, reason: 'timeout' };
        const late = new PyrgosError('network', 'The server did not answer in time.', { retry: 'safe', data });
        if (!this.mayRestart) markSpent(late);
        throw late;
      }
      if (error instanceof PyrgosError || error instanceof TransportFailure) throw error;
      throw new TransportFailure('broken');
    } finally {
      watchdog.end();
      stopListening();
      this.report({ area: endpoint.area, method: endpoint.method, milliseconds: clock.now() - start, bytesSent, bytesReceived, ok });
    }
  }

  /** The body of an answer. Of a refusal only the head counts: a short body is read so that the connection can be kept. */
  private async receive(
    response: TransportResponse,
    limit: number,
    isRefusal: boolean,
    watchdog: Watchdog,
    controller: AbortController,
    onSize: (bytes: number) => void,
  ): Promise<Uint8Array> {
    let buffer: AnswerBuffer | undefined;
    try {
      buffer = new AnswerBuffer(limit, response.announcedSize, {
        largeAnswers: this.largeAnswers,
        signal: controller.signal,
        onPause: () => watchdog.pause(),
        onResume: () => watchdog.resume(),
      });
      const own = buffer;
      await response.read((chunk) => {
        watchdog.moved();
        const pause = own.take(chunk);
        onSize(own.size);
        return pause;
      });
      return buffer.finish();
    } catch (error) {
      const wasAborted = controller.signal.aborted;
      // What is left of the answer is not received.
      controller.abort();
      if (isRefusal && !wasAborted) return new Uint8Array();
      throw error;
    } finally {
      buffer?.release();
    }
  }

  private networkError(endpoint: Endpoint, { reason, detail }: TransportFailure): PyrgosError {
    const isSafe = reason === 'broken' || reason === 'stale' || reason === 'unreachable' || reason === 'no-answer';
    const error = new PyrgosError('network', failures[reason], {
      retry: isSafe ? 'safe' : 'never',
      data: { call: endpoint.method, reason, ...(detail === '' ? {} : { detail }) },
    });
    // Once may be the end of a kept connection, which browsers do not tell.
    const isGone = reason === 'unreachable' || (reason === 'no-answer' && this.unanswered++ > 0);
    // Whoever asked may try again later; waiting for it here is in vain.
    if (isGone && !this.mayRestart) markSpent(error);
    return error;
  }

  /** A server that answered just now and does not any more is being restarted; one that did not is not there. */
  private get mayRestart(): boolean {
    const age = this.options.clock.now() - this.lastAnswer;
    return age >= 0 && age <= RESTART_PATIENCE;
  }

  private report(report: Parameters<RequestObserver>[0]): void {
    try {
      this.options.onRequest?.(report);
    } catch {
      // An observer has no say in what happens.
    }
  }
}
