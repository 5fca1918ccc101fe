import type { Measurement } from './measure.js';
import { benchServerChamp } from './server-champ.js';
import { benchServerGet } from './server-get.js';
import { benchServerPointers } from './server-pointers.js';
import { benchServerPut } from './server-put.js';
import { benchServerStart } from './server-start.js';
import { benchServerWatch } from './server-watch.js';
import { ServerWorld } from './server-world.js';

/** What is measured against one server, in this order: the later ones find its data grown. */
const parts = new Map<string, (world: ServerWorld) => Promise<Measurement[]>>([
  ['server-put', benchServerPut],
  ['server-get', benchServerGet],
  ['server-champ', benchServerChamp],
  ['server-pointers', benchServerPointers],
  ['server-watch', benchServerWatch],
  ['server-start', benchServerStart],
]);

/** The suites of the home server. They share one server, which is started when the first of them runs. */
export class ServerSuites {
  private world: ServerWorld | undefined;

  /** `profileFolder`: where each process of the server writes a CPU profile. */
  constructor(private readonly profileFolder: string | undefined) {}

  /** Their names. */
  static readonly names: readonly string[] = [...parts.keys()];

  /** Runs one. */
  async run(name: string): Promise<Measurement[]> {
    const flags = this.profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${this.profileFolder}`];
    this.world ??= await ServerWorld.start(flags);
    return (await parts.get(name)?.(this.world)) ?? [];
  }

  /** Stops the server, if it was started. */
  async close(): Promise<void> {
    await this.world?.close();
    this.world = undefined;
  }
}
