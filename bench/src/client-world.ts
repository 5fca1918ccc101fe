import { fork } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DaemonProcess, startDaemonProcess } from '@pyrgos/testkit/server';
import type { ClientAccount, ClientJob, ClientJobName, ClientReport } from './client-job.js';
import { type Measurement, singleMeasurement } from './measure.js';
import { processCpu, processMemory, resetPeakMemory } from './process-memory.js';
import { scratchFolder } from './scratch-folder.js';

const program = fileURLToPath(new URL('./client-process.js', import.meta.url));
const NO_ACCOUNT: ClientAccount = { sealed: '', deviceKey: '' };

/** What a client may take at most. */
export interface ClientLimits {
  /** Peak RSS in MiB. */
  readonly peak?: number;
}

/** A server with fresh data and one account; every measurement is a client process of its own. */
export class ClientWorld {
  private account = NO_ACCOUNT;
  private readonly done = new Map<string, Promise<readonly Measurement[]>>();

  private constructor(
    private readonly folder: string,
    private readonly daemon: DaemonProcess,
    private readonly nodeFlags: readonly string[],
  ) {}

  /** Starts the server; `nodeFlags` are for the Node of all processes. */
  static async start(nodeFlags: readonly string[]): Promise<ClientWorld> {
    const folder = await scratchFolder();
    // Garbage collection would run beside some of the measurements and not beside others.
    const options = { 'max-users': '80', 'default-quota': '100g', 'enable-gc': 'false' };
    const daemon = await startDaemonProcess(options, join(folder, 'data'), nodeFlags);
    const world = new ClientWorld(folder, daemon, nodeFlags);
    world.account = (await world.fork({ name: 'sign-up', url: daemon.url, ...NO_ACCOUNT, count: 0 })) as ClientAccount;
    return world;
  }

  /** Stops the server and removes all data. */
  async close(): Promise<void> {
    await this.daemon.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Runs a job, once for each `count`: what it makes is there afterwards. With the memory and the CPU that both sides took. */
  async run(name: ClientJobName, count = 0, limits: ClientLimits = {}): Promise<readonly Measurement[]> {
    const key = `${name} ${count}`;
    const running = this.done.get(key) ?? this.measured(name, count, limits);
    this.done.set(key, running);
    return running;
  }

  private async measured(name: ClientJobName, count: number, { peak: limit }: ClientLimits): Promise<readonly Measurement[]> {
    const { daemon, account } = this;
    await resetPeakMemory(daemon.pid);
    const before = await processCpu(daemon.pid);
    const report = (await this.fork({ name, url: daemon.url, ...account, count })) as ClientReport;
    const after = await processCpu(daemon.pid);
    const serverPeak = await processMemory(daemon.pid, 'VmHWM');
    const label = count === 0 ? name : `${name} ${count}`;
    return [
      ...report.measurements,
      singleMeasurement('peak RSS', `${label}: client`, 'MiB', report.peak, limit),
      ...(serverPeak === undefined ? [] : [singleMeasurement('peak RSS', `${label}: server`, 'MiB', serverPeak)]),
      singleMeasurement('CPU', `${label}: client`, 'ms', report.cpu),
      ...(before === undefined || after === undefined ? [] : [singleMeasurement('CPU', `${label}: server`, 'ms', after - before)]),
    ];
  }

  private async fork(job: ClientJob): Promise<unknown> {
    const child = fork(program, [JSON.stringify(job)], { execArgv: [...this.nodeFlags] });
    return new Promise((resolve, reject) => {
      let answer: unknown;
      child.once('message', (message) => {
        answer = message;
      });
      child.once('error', reject);
      // Whoever measures next has the machine for itself.
      child.once('close', (code) => {
        if (answer === undefined) reject(new Error(`the client process of ${job.name} ended with code ${code}`));
        else resolve(answer);
      });
    });
  }
}
