import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type PublicKeyHash, type Signer, SymmetricKey } from '@pyrgos/core/keys';
import { connect, type PyrgosServer, type UserSession } from '../../src/index.js';
import { HttpNetwork, type SetTimer } from '../../src/network/index.js';
import type { MemoryLocalStore } from '../../src/session/local-store.js';
import { ServerWorld } from '../server-world.js';
import type { Model } from './judge.js';
import { HostileProxy } from './proxy.js';
import { Choices } from './random.js';

/** A clock that does not wait. The server goes by it, too. */
export class LeapingClock {
  private offset = 0;

  now(): number {
    return Date.now() + this.offset;
  }

  async sleep(milliseconds: number): Promise<void> {
    this.leap(milliseconds);
    await new Promise((resolve) => setImmediate(resolve));
  }

  leap(milliseconds: number): void {
    this.offset += milliseconds;
  }
}

/** Time-outs that pass when a test wants them to. */
export class Timers {
  private readonly pending = new Set<() => void>();

  readonly set: SetTimer = (_, fire) => {
    this.pending.add(fire);
    return () => this.pending.delete(fire);
  };

  /** Waits until no request is under way any more: each one has a timer. */
  async settled(): Promise<void> {
    while (this.pending.size > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  expire(): void {
    // A copy: who is fired may wait anew.
    const due = Array.from(this.pending);
    for (const fire of due) if (this.pending.delete(fire)) fire();
  }
}

/** A device that talks to the proxy. */
export interface Device {
  readonly server: PyrgosServer;
  readonly store: MemoryLocalStore | undefined;
  close(): void;
}

/** What the server had at one moment, and what it can show of it for ever. */
export interface Moment {
  readonly model: Model;
  /** Signed pointers by writer. */
  readonly pointers: ReadonlyMap<string, Buffer>;
}

/** People, their files, and what came before. */
export interface Person {
  readonly username: string;
  readonly password: string;
  readonly identity: Signer;
  readonly homeWriter: PublicKeyHash;
}

/** The hostile proxy, the honest server behind it, and people whose accounts have a history. */
export class HostileWorld {
  readonly moments: Moment[] = [];
  readonly deviceKey: SymmetricKey;
  private readonly devices = new Set<Device>();

  private constructor(
    readonly honest: ServerWorld,
    readonly proxy: HostileProxy,
    readonly clock: LeapingClock,
    readonly timers: Timers,
    readonly trap: { readonly url: string; readonly visits: () => number; readonly close: () => void },
  ) {
    this.deviceKey = SymmetricKey.generate(honest.crypto);
  }

  static async start(): Promise<HostileWorld> {
    const clock = new LeapingClock();
    const honest = await ServerWorld.start({ clock, flags: { 'default-quota': '1000000000' } });
    const proxy = await HostileProxy.start(() => honest.url);
    const timers = new Timers();
    proxy.onHang = () => timers.expire();
    let visits = 0;
    const trap = createServer((_, response) => {
      visits++;
      response.end();
    });
    await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(trap.address() as AddressInfo).port}`;
    return new HostileWorld(honest, proxy, clock, timers, { url, visits: () => visits, close: () => trap.close() });
  }

  /** A new program, on a device that remembers when there is a store. */
  async device(store?: MemoryLocalStore): Promise<Device> {
    const server = await connect(this.proxy.url, {
      crypto: this.honest.quick,
      clock: this.clock,
      http: { timer: this.timers.set, clock: this.clock },
      ...(store === undefined ? {} : { store }),
    });
    const device: Device = {
      server,
      store,
      close: () => {
        this.devices.delete(device);
        if (server.network instanceof HttpNetwork) server.network.close();
      },
    };
    this.devices.add(device);
    return device;
  }

  /** Makes an account. */
  async person(username: string, password: string): Promise<{ readonly person: Person; readonly session: UserSession }> {
    const { server } = await this.device();
    const session = await server.signUp({ username, password });
    const { account } = session;
    return { person: { username, password, identity: account.identity, homeWriter: account.homeWriter.publicKeyHash }, session };
  }

  /** Writes down what the server has now. */
  async remember(person: Person, model: Model): Promise<void> {
    const owner = person.identity.publicKeyHash;
    const pointers = new Map<string, Buffer>();
    for (const writer of [owner, person.homeWriter]) {
      const { body } = await this.proxy.send({
        method: 'POST',
        target: `/peergos/v0/mutable/getPointer?owner=${owner.toString()}&writer=${writer.toString()}`,
        endpoint: 'getPointer',
        parameters: new Map([['writer', writer.toString()]]),
        body: Buffer.alloc(0),
      });
      pointers.set(writer.toString(), body);
    }
    this.moments.push({ model: new Map(model), pointers });
  }

  async close(): Promise<void> {
    for (const device of this.devices) device.close();
    await this.proxy.close();
    this.trap.close();
    await this.honest.close();
  }
}

/** Bytes that are the same in every run. */
export function content(seed: number, length: number): Buffer {
  const block = new Choices(99, seed).bytes(Math.min(length, 4099));
  const out = Buffer.alloc(length);
  for (let at = 0, i = 0; at < length; at += block.length, i++) {
    block.copy(out, at, 0, Math.min(block.length, length - at));
    out[at] = i & 255;
  }
  return out;
}
