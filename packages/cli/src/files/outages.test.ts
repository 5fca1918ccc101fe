import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FilesWorld, password, type RunOptions } from '../../test/files-world.js';

const FILES = 24;
const SIZE = 3_000_000;
/** Milliseconds: a client waits for a server that has only just answered, in case it restarts. */
const PATIENT = 300_000;

describe('a server that is killed in the middle', () => {
  let world: FilesWorld;
  const sums = new Map<string, string>();
  const sumOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

  beforeAll(async () => {
    world = await FilesWorld.start();
    mkdirSync(join(world.folder, 'up'));
    for (let i = 0; i < FILES; i++) {
      const bytes = randomBytes(SIZE);
      const name = `${i}.bin`;
      writeFileSync(join(world.folder, 'up', name), bytes);
      sums.set(name, createHash('sha256').update(bytes).digest('hex'));
    }
    await world.keepSession();
    expect((await world.run(['mkdir', 'first', 'second'])).status).toBe(0);
  });
  afterAll(async () => world?.stop());

  /** Tells when a command has done the first of many things. */
  const whenDone = (event: string, then: () => void): RunOptions => ({
    watch: (child) => {
      let text = '';
      let isTold = false;
      child.stdout?.on('data', (piece: Buffer) => {
        text += piece.toString('utf8');
        if (isTold || !text.includes(`"event":"${event}"`)) return;
        isTold = true;
        then();
      });
    },
  });

  const isWhole = (folder: string): void => {
    expect(readdirSync(folder).sort()).toEqual([...sums.keys()].sort());
    for (const [name, sum] of sums) expect([name, sumOf(join(folder, name))]).toEqual([name, sum]);
  };

  test(
    'put -r and get -r go on by themselves when it is started again soon',
    async () => {
      const restarts: Promise<void>[] = [];
      const again = async (): Promise<void> => {
        await world.daemon.kill();
        await world.daemon.restart();
      };
      const restart = (): void => void restarts.push(again());
      const put = await world.run(['put', '-r', 'up', 'first', '--json'], whenDone('stored', restart));
      expect([put.status, put.stderr]).toEqual([0, '']);
      expect(restarts).toHaveLength(1);
      await restarts[0];
      const get = await world.run(['get', '-r', 'first/up', 'down', '--json'], whenDone('fetched', restart));
      expect([get.status, get.stderr]).toEqual([0, '']);
      expect(restarts).toHaveLength(2);
      await restarts[1];
      isWhole(join(world.folder, 'down'));
    },
    PATIENT,
  );

  test(
    'put -r and get -r end with exit code 5 when it stays away, and the same commands go on later',
    async () => {
      const kills: Promise<void>[] = [];
      const put = ['put', '-r', 'up', 'second', '--json'];
      const get = ['get', '-r', 'first/up', 'other', '--json'];
      let events = 0;
      // Once both have something to go on with.
      const count = (): void => {
        events++;
        if (events === 2) kills.push(world.daemon.kill());
      };
      const [cutPut, cutGet] = await Promise.all([world.run(put, whenDone('stored', count)), world.run(get, whenDone('fetched', count))]);
      expect(kills).toHaveLength(1);
      for (const { status, stderr } of [cutPut, cutGet]) {
        expect([status, stderr]).toEqual([5, expect.stringMatching(/^pyrgos: [^\n]+\n$/u)]);
      }
      await kills[0];
      await world.daemon.restart();
      for (const [args, done] of [
        [put, 'stored'],
        // The folder is there by now.
        [['get', '-r', 'first/up/.', 'other', '--json'], 'fetched'],
      ] as const) {
        const { status, stderr, stdout } = await world.run(args);
        expect([status, stderr]).toEqual([0, '']);
        const summary = JSON.parse(
          stdout
            .trim()
            .split('\n')
            .find((line) => line.includes('"summary"')) ?? '{}',
        ) as Record<string, number>;
        expect(summary['passedOver']).toBeGreaterThan(0);
        expect((summary[done] ?? 0) + (summary['passedOver'] ?? 0)).toBe(FILES);
      }
      isWhole(join(world.folder, 'other'));
      expect((await world.run(['get', '-r', 'second/up', 'third'])).status).toBe(0);
      isWhole(join(world.folder, 'third'));
    },
    PATIENT,
  );
});

describe('two commands at once', () => {
  let world: FilesWorld;
  beforeAll(async () => {
    world = await FilesWorld.start();
  });
  afterAll(async () => world?.stop());

  test('of two passwd one changes the password, and the other one says that it did not', async () => {
    const fresh = ['nine copper kettles in the rain', 'four patient herons by a canal'];
    for (const [i, text] of fresh.entries()) writeFileSync(join(world.folder, `new-${i}`), text);
    const ran = await Promise.all(fresh.map(async (_, i) => world.run(['passwd', '--new-password-file', `new-${i}`])));
    const winners = [...ran.keys()].filter((i) => ran[i]?.status === 0);
    expect(winners, ran.map(({ stderr }) => stderr).join('')).toHaveLength(1);
    const [winner = 0] = winners;
    const loser = ran[1 - winner];
    // Refused at the log-in, or because the other one was faster.
    expect([4, 7]).toContain(loser?.status);
    expect(loser?.stderr).toMatch(/^pyrgos: [^\n]+\n$/u);
    const logIn = async (file: string) => (await world.run(['ls'], { env: { PYRGOS_PASSWORD_FILE: join(world.folder, file) } })).status;
    expect(await logIn(`new-${winner}`)).toBe(0);
    expect(await logIn(`new-${1 - winner}`)).toBe(4);
    writeFileSync(join(world.folder, 'old'), password);
    expect(await logIn('old')).toBe(4);
  });
});
