import { ConflictError, LimitError } from '@pyrgos/core/errors';
import { MAX_KEY_STORE_SIZE } from '@pyrgos/core/limits';
import { uploadFile } from '../files/content/index.js';
import { CommittedView, FileReader, findChild, type Item, openItem, OperationView } from '../files/view/index.js';
import { type Account, contextOf } from './account.js';
import { type KeyStoreFile, TofuKeyStore } from './tofu-key-store.js';

const NAME = '.keystore';
const MIME_TYPE = 'application/octet-stream';

const keyStores = new WeakMap<Account, Promise<TofuKeyStore>>();

/**
 * The key store of an account (chapter 05 sections 10.4 and 18), loaded at the first call; always the same object. Names of other users are looked up through it.
 */
export async function keyStoreOf(account: Account): Promise<TofuKeyStore> {
  const known = keyStores.get(account);
  if (known !== undefined) return known;
  const { crypto, clock, network, chains } = contextOf(account);
  const { blocks } = network;
  // Not cancelled by anybody: others may wait for it.
  const opening = TofuKeyStore.open({ file: new HomeKeyStoreFile(account), directory: chains, crypto, clock, blocks });
  keyStores.set(account, opening);
  opening.catch(() => keyStores.delete(account));
  return opening;
}

/** The key store of an account if it was loaded before. */
export async function openKeyStoreOf(account: Account): Promise<TofuKeyStore | undefined> {
  return keyStores.get(account);
}

/** `/<user>/.keystore`: hidden, with the mirror BAT, replaced only by who has read its last version. */
export class HomeKeyStoreFile implements KeyStoreFile {
  /** The version that was read or written last: the CID of its node. */
  private version: string | undefined;

  constructor(private readonly account: Account) {}

  async read(signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const { sessions, home } = this.account;
    const view = new CommittedView(sessions, { signal, fresh: true });
    const item = await findChild(view, await openItem(view, home), NAME);
    this.version = versionOf(item);
    if (item === undefined) return undefined;
    const reader = new FileReader(view, item);
    if (reader.size > MAX_KEY_STORE_SIZE) throw new LimitError('key store', reader.size, MAX_KEY_STORE_SIZE);
    return reader.read(0, reader.size);
  }

  async write(content: Uint8Array, signal?: AbortSignal): Promise<void> {
    const { sessions, home, network, clock, mirrorBat } = this.account;
    const ports = { blocks: network.blocks, clock, mirrorBatId: mirrorBat?.id };
    const { result } = await sessions.of(home.owner).compute(
      [home.writer],
      async (start, committer) => {
        const operation = new OperationView(sessions, committer, start, { signal });
        const directory = await openItem(operation, home);
        const current = await findChild(operation, directory, NAME);
        if (versionOf(current) !== this.version) throw new ConflictError('conflict.file', 'another device has changed the key store');
        const options = { isHidden: true, mimeType: MIME_TYPE, onExisting: 'replace' } as const;
        const { item } = await uploadFile(operation, ports, directory, NAME, content, options);
        return { snapshot: operation.snapshot, result: versionOf(item) };
      },
      { signal },
    );
    this.version = result;
  }
}

function versionOf(item: Item | undefined): string | undefined {
  return item?.cid.toString();
}
