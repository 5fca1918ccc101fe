import { CryptoError, PyrgosError, serialiseError } from '../../errors.js';
import { scryptInline } from '../scrypt-inline.js';
import type { CryptoBackend, CryptoProvider } from '../provider.js';
import { startScryptKernel } from '../wasm/scrypt-kernel.js';
import { sealSection } from './section.js';
import type { Job, JobRequest, JobResponse, JobResult } from './protocol.js';

/** Bytes from which a call of Web Crypto costs less than it saves. */
const SUBTLE_MINIMUM = 16_384;

type Post = (response: JobResponse, transfer: readonly ArrayBuffer[]) => void;

/** Loaded on first use: a worker that only runs scrypt needs no engine. */
async function loadEngine(backend: CryptoBackend | 'auto'): Promise<CryptoProvider> {
  const { loadCrypto } = await import('../load-crypto.js');
  return loadCrypto({ backend });
}

async function runScrypt(job: Extract<Job, { kind: 'scrypt' }>, onProgress: (fraction: number) => void): Promise<Uint8Array> {
  let steps: Generator<number, Uint8Array, undefined>;
  try {
    steps = await startScryptKernel(job.password, job.salt, job.parameters);
  } catch (error) {
    if (!(error instanceof PyrgosError)) throw error;
    return scryptInline(job.password, job.salt, job.parameters, { onProgress });
  }
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    onProgress(step.value);
  }
}

/**
 * Hashes in order. The platform's SHA-256 has the processor's own instructions, which no WASM reaches, but it is asynchronous: it pays for
 * bulk data only, and browsers offer it in secure contexts only. Everything else goes to the engine in one call.
 */
async function bulkSha256(engine: CryptoProvider, inputs: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const subtle = engine.backend === 'native' ? undefined : globalThis.crypto?.subtle;
  const isBulk = (input: Uint8Array): input is Uint8Array<ArrayBuffer> =>
    subtle !== undefined && input.length >= SUBTLE_MINIMUM && input.buffer instanceof ArrayBuffer;
  const small = engine.sha256Many(inputs.filter((input) => !isBulk(input)));
  let next = 0;
  return Promise.all(
    inputs.map(async (input) => {
      if (subtle !== undefined && isBulk(input)) return new Uint8Array(await subtle.digest('SHA-256', input));
      return small[next++] as Uint8Array;
    }),
  );
}

function verifyMany(engine: CryptoProvider, { signatures, messages, publicKey }: Extract<Job, { kind: 'ed25519VerifyMany' }>): Uint8Array {
  return Uint8Array.from(signatures, (signature, i) => (engine.ed25519Verify(signature, messages[i] as Uint8Array, publicKey) ? 1 : 0));
}

async function run(request: JobRequest, onProgress: (fraction: number) => void): Promise<JobResult> {
  const { job, backend } = request;
  if (job.kind === 'scrypt') return runScrypt(job, onProgress);
  const engine = await loadEngine(backend);
  switch (job.kind) {
    case 'secretboxSeal':
      return engine.secretboxSeal(job.data, job.nonce, job.key);
    case 'secretboxOpen':
      return engine.secretboxOpen(job.data, job.nonce, job.key);
    case 'sealSection': {
      const { digests, dataDigest } = await sealSection(engine, job.section, job.key, async (inputs) => bulkSha256(engine, inputs));
      return [job.section.memory, ...digests, ...(dataDigest === undefined ? [] : [dataDigest])];
    }
    case 'sha256':
      return (await bulkSha256(engine, [job.data]))[0] as Uint8Array;
    case 'sha256Many':
      return bulkSha256(engine, job.inputs);
    case 'ed25519VerifyMany':
      return verifyMany(engine, job);
    default:
      throw new CryptoError('crypto.worker', 'the crypto worker was asked for something it does not know');
  }
}

/** Secrets are copies made for this job; nothing of them stays in the worker. */
function wipe(job: Job): void {
  if (job.kind === 'scrypt') job.password.fill(0);
  else if (job.kind === 'secretboxSeal' || job.kind === 'secretboxOpen' || job.kind === 'sealSection') job.key.fill(0);
}

/** The buffers that can go with the result. A view of a larger one stays, and is copied: what else is in there belongs to the engine. */
function buffersOf(result: JobResult): ArrayBuffer[] {
  const arrays = result instanceof Uint8Array ? [result] : result;
  const whole = arrays.flatMap(({ buffer, byteLength }) =>
    buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [],
  );
  return [...new Set(whole)];
}

/** The one function of a worker: takes requests, answers each once. */
export function createWorkerLoop(post: Post): (request: JobRequest) => Promise<void> {
  return async (request) => {
    const { id, job } = request;
    try {
      const result = await run(request, (fraction) => post({ kind: 'progress', id, fraction }, []));
      post({ kind: 'done', id, result }, buffersOf(result));
    } catch (error) {
      post({ kind: 'failed', id, error: serialiseError(error) }, []);
    } finally {
      wipe(job);
    }
  };
}
