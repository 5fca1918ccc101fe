import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { pino } from 'pino';
import { fromHex } from '@pyrgos/core/bytes';
import { createHttpApp, type HttpApp } from '../../src/http/http-app.js';
import type { HttpOptions } from '../../src/http/http-options.js';
import type { ServerServices } from '../../src/services.js';

/** The owner of the examples in chapter 02. */
export const OWNER = 'z59vuwzfFDomCyPGen8sht4HvABDTymAyz6fwqarLk1arXRMaZbaKRy';
/** The address under which tests call the app in the same process. */
export const ORIGIN = 'http://localhost:8000';

/** Healthy in every respect. */
export const healthy: HttpOptions['health'] = {
  databaseWritable: async () => true,
  pkiReady: async () => true,
  diskSpace: async () => true,
};

/** The front end over these services, with the options of a fresh private server unless told otherwise. */
export function testApp(services: ServerServices, options: Partial<HttpOptions> = {}): HttpApp {
  return createHttpApp(services, {
    listenHost: 'localhost',
    port: 8000,
    publicServer: false,
    logger: pino({ level: 'silent' }),
    health: healthy,
    errorId: () => 'abc123',
    ...options,
  });
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
  readonly text: string;
}

/** Reads an answer to its end. */
export async function readAnswer(response: Response): Promise<Answer> {
  const body = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, headers: new Map(response.headers), body, text: new TextDecoder().decode(body) };
}

/** Calls the app in this process. A `body` in hex or bytes. */
export async function call(
  app: HttpApp,
  path: string,
  options: { readonly method?: string; readonly body?: Uint8Array | string; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Answer> {
  const body = typeof options.body === 'string' ? fromHex(options.body) : options.body;
  const request = new Request(`${ORIGIN}${path}`, {
    method: options.method ?? 'POST',
    headers: { ...options.headers },
    ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
  });
  return readAnswer(await app.fetch(request));
}

/** A connection that sends exactly these bytes, for what no HTTP library would send. */
export class RawClient {
  private received: Buffer = Buffer.alloc(0);
  private waiting: (() => void)[] = [];
  private ended = false;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.wake();
    });
    // A reset is an end too.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.ended = true;
      this.wake();
    });
  }

  /** Connects. */
  static async open(port: number): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1');
    const client = new RawClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  /** Sends bytes, or text whose characters are bytes; false when the kernel wants a pause. */
  send(data: string | Uint8Array): boolean {
    return typeof data === 'string' ? this.socket.write(data, 'latin1') : this.socket.write(data);
  }

  /** Everything received so far, as latin1. */
  get text(): string {
    return this.received.toString('latin1');
  }

  /** Waits until what was received satisfies `condition`, or the connection is closed. */
  async until(condition: (text: string) => boolean): Promise<string> {
    while (!this.ended && !condition(this.text)) {
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve);
      });
    }
    return this.text;
  }

  /** Waits for the end of the connection. */
  async closed(): Promise<string> {
    return this.until(() => false);
  }

  /** Ends it. */
  destroy(): void {
    this.socket.destroy();
  }
}

/** Waits for a condition for as long as the test may take: how long that is depends on the machine. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(5);
}
