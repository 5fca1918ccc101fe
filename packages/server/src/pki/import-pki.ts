import { encodeChain, type UserPublicKeyLink } from '@pyrgos/core/accounts';
import { equalBytes } from '@pyrgos/core/bytes';
import { PasswordProtected } from '@pyrgos/core/containers';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { FormatError } from '@pyrgos/core/errors';
import { PublicSigningKey } from '@pyrgos/core/keys';
import { readCommittedWriterData } from '@pyrgos/core/model';
import type { PointerStore } from '@pyrgos/core/store';
import type { LocalBlocks } from '../ports/local-blocks.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import { PKI_KEY_NAME, type PkiKeys } from './bootstrap-pki.js';
import { ChainIndex } from './chain-index.js';
import { type PkiFiles, PkiSecrets } from './pki-files.js';
import { openPkiKey, wipe } from './pki-key.js';
import { PKI_USERNAME } from './pki-writer.js';
import { keyLookup, TreeIndexer } from './tree-index.js';
import { readTreeVersion } from './tree-version.js';

/** What this server needs to go on with the PKI of another one. */
export interface ImportedPki extends PkiKeys {
  /** CBOR of the public key. */
  readonly publicKeyFile: Uint8Array;
  /** Password-protected CBOR of the secret key. */
  readonly secretKeyFile: Uint8Array;
  readonly secretKeyFilePassword: string;
  readonly identityPassword: string;
  /** All names with their chains, when they are known from elsewhere: then the tree must say exactly the same. */
  readonly chains?: ReadonlyMap<string, readonly UserPublicKeyLink[]>;
}

/** What {@link importPki} needs. */
export interface ImportPkiOptions {
  readonly db: SqlDatabase;
  readonly crypto: CryptoProvider;
  readonly files: PkiFiles;
  readonly local: LocalBlocks;
  readonly pointers: PointerStore;
}

/**
 * Takes over the PKI of another server, whose blocks and pointers of the user `peergos` are here already; {@link PkiNode.start} goes on from there.
 * Everything is verified: that the password opens the key file, that the identity names the key, both pointers, and every chain. Durable when it
 * resolves, and safe to repeat. FormatError `format.backup`, or the error of what is wrong; then this server has no PKI.
 */
export async function importPki(options: ImportPkiOptions, imported: ImportedPki): Promise<void> {
  const { crypto, db, files, local } = options;
  const { pkiKey, identityPassword, secretKeyFilePassword } = imported;
  const { publicKey, sealed } = await readKeys(crypto, imported);
  await requireNamedKey(options, imported);
  const { target, root } = await readTreeVersion(options, imported);
  const index = new ChainIndex(db);
  try {
    const indexer = new TreeIndexer({
      crypto,
      local,
      index,
      onDamagedChain: (_name, problem) => {
        throw problem;
      },
    });
    await indexer.show({ identity: imported.identity, pkiKey, shown: undefined }, { target, root });
    requireChains(index, imported);
    await files.writeSecrets(new PkiSecrets(identityPassword, secretKeyFilePassword));
    await files.writeSecretKey(sealed);
    await files.writePublicKey(publicKey);
  } catch (error) {
    index.forget();
    throw error;
  }
  await db.durable();
}

function mismatch(where: string, problem: string): FormatError {
  return new FormatError('format.backup', where, problem);
}

async function readKeys(
  crypto: CryptoProvider,
  { pkiKey, publicKeyFile, secretKeyFile, secretKeyFilePassword }: ImportedPki,
): Promise<{ readonly publicKey: PublicSigningKey; readonly sealed: PasswordProtected }> {
  const publicKey = PublicSigningKey.decode(publicKeyFile);
  if (!publicKey.hash.equals(pkiKey)) throw mismatch('public key file', 'holds another key than that of the PKI');
  const sealed = PasswordProtected.decode(secretKeyFile);
  const secretKey = await openPkiKey(crypto, sealed, secretKeyFilePassword);
  const belongs = secretKey.publicKey.equals(publicKey);
  wipe(secretKey);
  if (!belongs) throw mismatch('secret key file', 'does not belong to the public key file');
  return { publicKey, sealed };
}

/** The identity must name the key `pki`, and the key must agree (chapter 03 section 1.3). */
async function requireNamedKey({ crypto, local, pointers }: ImportPkiOptions, { identity, pkiKey }: PkiKeys): Promise<void> {
  const lookup = keyLookup(crypto, local, PKI_USERNAME, identity);
  const { writerData } = await readCommittedWriterData(crypto, pointers, identity, identity, lookup);
  const proof = writerData?.named.get(PKI_KEY_NAME);
  if (proof?.ownedKey.equals(pkiKey) !== true) throw mismatch('identity of peergos', 'does not name the key of the PKI');
  await proof.verify(crypto, identity, lookup);
}

function requireChains(index: ChainIndex, { identity, chains }: ImportedPki): void {
  if (index.identityOf(PKI_USERNAME)?.equals(identity) !== true) throw mismatch('username tree', 'has another identity of peergos');
  if (chains === undefined) return;
  if (chains.size !== index.usernames().length) throw mismatch('username tree', 'has other names than the list of chains');
  for (const [username, chain] of chains) {
    if (!equalBytes(encodeChain(index.chainOf(username)), encodeChain(chain))) {
      throw mismatch('username tree', 'differs from the list of chains');
    }
  }
}
