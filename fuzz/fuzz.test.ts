import { equalBytes, toHex } from '@pyrgos/core/bytes';
import { PyrgosError } from '@pyrgos/core/errors';
import { seededRandom } from '@pyrgos/testkit/random';
import { describe, expect, test } from 'vitest';
import { nextInput } from './mutate.js';
import type { FuzzTarget } from './target.js';
import { createTargets } from './targets.js';

/** Inputs per target in CI: a fixed budget from a fixed seed, so that a failure is reproducible. */
const CI_ITERATIONS = 3000;
/** No decoder may allocate more than this for an input of at most 128 KiB. */
const MAX_ALLOCATION = 32 * 1024 * 1024;

const seconds = Number(process.env['PYRGOS_FUZZ_SECONDS'] ?? 0);
const seed = Number(process.env['PYRGOS_FUZZ_SEED'] ?? 1);
const only = process.env['PYRGOS_FUZZ_TARGET'] ?? '';
const targets = await createTargets();
const names = [...targets.keys()].filter((name) => name.includes(only));
if (names.length === 0) throw new Error(`no fuzz target is named like "${only}"; there are: ${[...targets.keys()].join(', ')}`);

/** Runs one input. Undefined when all is well, otherwise what is wrong. */
async function judge(target: FuzzTarget, input: Uint8Array): Promise<string | undefined> {
  const before = input.slice();
  const problem = await outcome(target, input);
  return equalBytes(before, input) ? problem : `changed its input ${toHex(before)}`;
}

async function outcome(target: FuzzTarget, input: Uint8Array): Promise<string | undefined> {
  let again: Uint8Array | undefined;
  try {
    again = await target.run(input);
  } catch (error) {
    if (error instanceof PyrgosError) return error.code === 'internal' ? `internal error: ${error.message}` : undefined;
    return `untyped error: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`;
  }
  return again === undefined || equalBytes(again, input) ? undefined : `re-encodes to ${toHex(again)}`;
}

describe('random and mutated bytes give a typed error or a value that re-encodes to the same bytes', () => {
  test.each(names)(
    '%s',
    async (name) => {
      const target = targets.get(name);
      if (target === undefined) throw new Error(`no target ${name}`);
      // Every seed is valid by construction; one that is refused would make the fuzzing blind.
      for (const bytes of target.seeds) {
        expect(await judge(target, bytes), `seed ${toHex(bytes)}`).toBeUndefined();
        await target.run(bytes);
      }
      const random = seededRandom(seed);
      const end = performance.now() + (seconds * 1000) / names.length;
      for (let i = 0; seconds > 0 ? performance.now() < end : i < (target.iterations ?? CI_ITERATIONS); i++) {
        const input = nextInput(target.seeds, random);
        // Looking at the memory costs more than most decoders, so only a sample is looked at.
        const watched = i % 32 === 0;
        const before = watched ? process.memoryUsage().arrayBuffers : 0;
        const problem = await judge(target, input);
        if (problem !== undefined) throw new Error(`${name}, seed ${seed}, input ${i}: ${problem}\ninput: ${toHex(input)}`);
        const grown = watched ? process.memoryUsage().arrayBuffers - before : 0;
        if (grown > MAX_ALLOCATION) throw new Error(`${name}: ${grown} bytes allocated for ${toHex(input)}`);
      }
    },
    seconds > 0 ? seconds * 1000 + 60_000 : 60_000,
  );
});
