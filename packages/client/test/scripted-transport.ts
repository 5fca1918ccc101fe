import { encodeTrailer } from '@pyrgos/core/api';
import { type Transport, TransportFailure, type TransportRequest, type TransportResponse } from '../src/network/http/transport.js';

/** What a scripted server does with one request. */
export type ScriptedAnswer = (request: TransportRequest) => TransportResponse | Promise<TransportResponse>;

/** An answer whose body comes in these parts. */
export function reply(
  status: number,
  parts: readonly Uint8Array[] = [],
  headers: Readonly<Record<string, string>> = {},
  announcedSize?: number,
): TransportResponse {
  return {
    status,
    announcedSize,
    header: (name) => headers[name],
    read: async (take) => {
      for (const part of parts) await take(part);
    },
  };
}

/** 200 with these bytes. */
export function success(...parts: readonly Uint8Array[]): ScriptedAnswer {
  return () => reply(200, parts);
}

/** 400 with this text, as servers write it. */
export function refusal(text: string, status = 400): ScriptedAnswer {
  return () => reply(status, [], { trailer: encodeTrailer(text) });
}

/** No answer. */
export function failure(reason: TransportFailure['reason'], detail = ''): ScriptedAnswer {
  return () => {
    throw new TransportFailure(reason, detail);
  };
}

/** Waits until the request is cancelled. */
export const silence: ScriptedAnswer = async ({ signal }) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('cancelled')), { once: true });
  });

/** Answers requests by a script, one after the other; the last entry goes on for ever. */
export class ScriptedTransport implements Transport {
  readonly requests: TransportRequest[] = [];
  closed = 0;
  inFlight = 0;
  mostInFlight = 0;

  constructor(private readonly script: readonly ScriptedAnswer[]) {}

  async send(request: TransportRequest): Promise<TransportResponse> {
    const answer = this.script[Math.min(this.requests.length, this.script.length - 1)];
    this.requests.push(request);
    if (answer === undefined) throw new Error('the script is empty');
    this.inFlight++;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    try {
      return await answer(request);
    } finally {
      this.inFlight--;
    }
  }

  close(): void {
    this.closed++;
  }
}
