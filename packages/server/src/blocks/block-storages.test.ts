import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCrypto } from '@pyrgos/core/crypto';
import { blockStorageContract } from '@pyrgos/testkit/contracts/block-storage';
import { systemClock } from '../ports/clock.js';
import { FileBlockStorage } from './file-block-storage.js';
import { MemoryBlockStorage } from './memory-block-storage.js';

const crypto = await loadCrypto();

blockStorageContract('files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pyrgos-blocks-'));
  const open = () => FileBlockStorage.open({ root: join(folder, 'blocks'), hasher: crypto, random: crypto });
  return { hasher: crypto, storage: await open(), reopen: open, close: () => rm(folder, { recursive: true }) };
});

blockStorageContract('memory', async () => ({ hasher: crypto, storage: new MemoryBlockStorage(systemClock) }));
