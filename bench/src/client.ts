import { ClientWorld } from './client-world.js';
import type { Measurement } from './measure.js';

/** Peak RSS in MiB that a client should not exceed, however large or many the files are. */
const MEMORY = { peak: 250 };
const LIST_SIZES = [1000, 10_000];

/** What is measured, in this order. A part makes what it needs of the others, which is then not made again. */
const parts = new Map<string, (world: ClientWorld) => Promise<readonly Measurement[]>>([
  ['client-account', async (world) => world.run('account')],
  ['client-feed', async (world) => world.run('feed')],
  ['client-social', async (world) => world.run('social')],
  ['client-chat', async (world) => world.run('chat')],
  ['client-directories', async (world) => world.run('directories')],
  [
    'client-small-files',
    async (world) => [...(await world.run('upload-small', 100, MEMORY)), ...(await world.run('upload-small', 10_000, MEMORY))],
  ],
  [
    'client-list',
    async (world) => {
      const lines: Measurement[] = [];
      for (const count of LIST_SIZES) {
        await world.run('upload-small', count, MEMORY);
        lines.push(...(await world.run('list', count, MEMORY)));
      }
      return lines;
    },
  ],
  ['client-upload', async (world) => world.run('upload-large', 0, MEMORY)],
  [
    'client-download',
    async (world) => {
      await world.run('upload-large', 0, MEMORY);
      return [...(await world.run('download-large', 0, MEMORY)), ...(await world.run('seek', 0, MEMORY))];
    },
  ],
]);

/** The suites of the client SDK. They share one server, which is started when the first of them runs. */
export class ClientSuites {
  private world: ClientWorld | undefined;

  /** `profileFolder`: where each process writes a CPU profile. */
  constructor(private readonly profileFolder: string | undefined) {}

  /** Their names. */
  static readonly names: readonly string[] = [...parts.keys()];

  /** Runs one. */
  async run(name: string): Promise<readonly Measurement[]> {
    const flags = this.profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${this.profileFolder}`];
    this.world ??= await ClientWorld.start(flags);
    return (await parts.get(name)?.(this.world)) ?? [];
  }

  /** Stops the server, if it was started. */
  async close(): Promise<void> {
    await this.world?.close();
    this.world = undefined;
  }
}
