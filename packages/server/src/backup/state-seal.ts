import { writeFile } from 'node:fs/promises';
import { toHex, utf8Decode } from '@pyrgos/core/bytes';
import type { Hasher } from '@pyrgos/core/crypto';
import { systemCode } from '../system-reason.js';
import { STATE_FILE } from './backup-state.js';
import { openPlain } from './plain-file.js';
import type { ProblemList } from './problem-list.js';

/** The file with the hash of state.json, in the form of `sha256sum` (chapter 08 section 20). A backup made elsewhere has none. */
export const STATE_SEAL_FILE = 'state.json.sha256';

/** More than the one line has. */
const MAX_SIZE = 256;

const LINE = /^([0-9a-f]{64}) [ *]state\.json\r?\n?$/;

/** Writes the hash of what is in state.json; for the owner only, and on disk when it resolves. */
export async function writeStateSeal(path: string, state: Uint8Array, hasher: Pick<Hasher, 'sha256'>): Promise<void> {
  await writeFile(path, `${toHex(hasher.sha256(state))}  ${STATE_FILE}\n`, { flag: 'wx', mode: 0o600, flush: true });
}

/**
 * Compares state.json with the hash beside it, if there is one. True when the hash says that the file is as it was written; a hash that says something
 * else, or cannot be read as one, is a problem. Errors of the system for a file that is there and cannot be read.
 */
export async function checkStateSeal(
  path: string,
  state: Uint8Array,
  hasher: Pick<Hasher, 'sha256'>,
  problems: ProblemList,
): Promise<boolean> {
  const bytes = await readSeal(path);
  if (bytes === undefined) return false;
  const digest = LINE.exec(utf8Decode(bytes) ?? '')?.[1];
  if (digest === toHex(hasher.sha256(state))) return true;
  problems.add(
    digest === undefined ? STATE_SEAL_FILE : STATE_FILE,
    digest === undefined ? 'holds no hash' : `is not as it was written: it does not match the hash in ${STATE_SEAL_FILE}`,
  );
  return false;
}

async function readSeal(path: string): Promise<Uint8Array | undefined> {
  try {
    const file = await openPlain(path);
    try {
      const { bytesRead, buffer } = await file.read(new Uint8Array(MAX_SIZE), 0, MAX_SIZE, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
