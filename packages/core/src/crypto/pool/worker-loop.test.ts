import { scrypt as nobleScrypt } from '@noble/hashes/scrypt.js';
import { afterEach, expect, test, vi } from 'vitest';
import type { Job, JobResponse } from './protocol.js';
import { createWorkerLoop } from './worker-loop.js';

afterEach(() => vi.restoreAllMocks());

async function run(job: Job): Promise<JobResponse[]> {
  const responses: JobResponse[] = [];
  await createWorkerLoop((response) => responses.push(response))({ id: 7, backend: 'portable', job });
  return responses;
}

const parameters = { logN: 10, r: 1, p: 1, length: 32 };

test('keys and passwords are wiped, whether the job succeeds or fails', async () => {
  const [sealKey, openKey, password] = [new Uint8Array(32).fill(9), new Uint8Array(32).fill(9), new Uint8Array(20).fill(9)];
  const sealed = await run({ kind: 'secretboxSeal', data: new Uint8Array(10), nonce: new Uint8Array(24), key: sealKey });
  const opened = await run({ kind: 'secretboxOpen', data: new Uint8Array(40), nonce: new Uint8Array(24), key: openKey });
  const derived = await run({ kind: 'scrypt', password, salt: new Uint8Array(1), parameters });
  expect(sealed).toMatchObject([{ kind: 'done', id: 7 }]);
  expect(opened).toMatchObject([{ kind: 'failed', id: 7, error: { code: 'crypto.authentication' } }]);
  expect(derived.at(-1)).toMatchObject({ kind: 'done', id: 7 });
  for (const secret of [sealKey, openKey, password]) expect(secret.every((byte) => byte === 0)).toBe(true);
});

test('scrypt goes on in JavaScript where WebAssembly is refused', async () => {
  vi.spyOn(WebAssembly, 'instantiate').mockRejectedValue(new WebAssembly.CompileError('blocked by CSP'));
  const responses = await run({ kind: 'scrypt', password: Uint8Array.of(1), salt: Uint8Array.of(2), parameters });
  const result = nobleScrypt(Uint8Array.of(1), Uint8Array.of(2), { N: 1024, r: 1, p: 1, dkLen: 32 });
  expect(responses.at(-1)).toEqual({ kind: 'done', id: 7, result });
});

test('an unknown job is an error, not silence', async () => {
  expect(await run({ kind: 'mine' } as unknown as Job)).toMatchObject([{ kind: 'failed', id: 7, error: { code: 'crypto.worker' } }]);
});
