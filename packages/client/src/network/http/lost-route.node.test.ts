import { once } from 'node:events';
import { Agent } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, test, vi } from 'vitest';
import { ServerWorld } from '../../../test/server-world.js';
import { PyrgosServer } from '../../pyrgos-server.js';
import { HttpNetwork } from './http-network.js';

const username = 'ada';
const password = 'violet anchor sleeps beneath copper';

/**
 * Stands between a client and the server. The answer to the next commit, once armed, does not come through: `meanwhile` runs, and then the
 * connection fails on the side of the client with a code of the platform.
 */
class LossyProxy {
  /** The sockets that the client opens. */
  readonly clients: Socket[] = [];
  commits = 0;
  isArmed = false;
  meanwhile = async (): Promise<unknown> => undefined;
  private readonly server = createServer((client) => this.serve(client));

  constructor(
    private readonly target: URL,
    private readonly code: string,
  ) {}

  /** The port. */
  async start(): Promise<number> {
    this.server.listen(0, this.target.hostname);
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    this.server.close();
  }

  private serve(client: Socket): void {
    const server = connect(Number(this.target.port), this.target.hostname);
    let isCommit = false;
    client.on('data', (data: Buffer) => {
      if (this.isArmed && /^POST \/[^ ]*mutable\/setPointers/iu.test(data.toString('latin1'))) {
        this.isArmed = false;
        isCommit = true;
        this.commits++;
      }
      server.write(data);
    });
    server.on('data', (data: Buffer) => {
      if (isCommit) void this.lose(client);
      else client.write(data);
      isCommit = false;
    });
    for (const [here, there] of [
      [client, server],
      [server, client],
    ] as const) {
      here.on('error', () => there.destroy());
      here.on('close', () => there.destroy());
    }
  }

  /** The server has made the change; the client's machine loses its route. */
  private async lose(client: Socket): Promise<void> {
    await this.meanwhile();
    const own = this.clients.find(({ localPort }) => localPort === client.remotePort);
    own?.destroy(Object.assign(new Error(`read ${this.code}`), { code: this.code, syscall: 'read' }));
  }
}

test.each(['EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'ECONNRESET'])(
  'a commit whose connection fails with %s when it was made is not made again',
  async (code) => {
    const world = await ServerWorld.start();
    const proxy = new LossyProxy(new URL(world.url), code);
    const port = await proxy.start();
    const createConnection = Agent.prototype.createConnection;
    const spy = vi.spyOn(Agent.prototype, 'createConnection').mockImplementation(function (this: Agent, options, callback) {
      // The server is asked by its own name, as it wants to be.
      const socket = createConnection.call(this, { ...options, port }, callback);
      if (socket !== null && socket !== undefined) proxy.clients.push(socket as Socket);
      return socket;
    });
    const network = new HttpNetwork({ server: world.url, crypto: world.crypto });
    try {
      const session = await new PyrgosServer(network, { crypto: world.quick }).signUp({ username, password });
      await session.files.write('/ada/log', '0');
      const other = await new PyrgosServer(world.network(), { crypto: world.quick }).logIn({ username, password });
      proxy.meanwhile = async () => other.files.append('/ada/log', 'B');
      proxy.isArmed = true;
      await session.files.append('/ada/log', 'A');
      session.files.refresh();
      expect(proxy.commits).toBe(1);
      expect(new TextDecoder().decode(await session.files.read('/ada/log'))).toBe('0AB');
    } finally {
      spy.mockRestore();
      network.close();
      proxy.close();
      await world.close();
    }
  },
);
