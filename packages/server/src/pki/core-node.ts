import type { OpLog, UserPublicKeyLink } from '@pyrgos/core/accounts';
import { homeProvider } from '@pyrgos/core/accounts';
import { DeniedError, NotFoundError } from '@pyrgos/core/errors';
import { MAX_PROOF_OF_WORK_DIFFICULTY, type ProofOfWork, type PublicKeyHash } from '@pyrgos/core/keys';
import type { ServerIds } from '../ports/server-ids.js';
import type { SpaceControl } from '../ports/space-control.js';
import type { ChainUpdateResult, CoreService } from '../services.js';
import type { PkiNode } from './pki-node.js';
import type { SignUp } from './sign-up.js';

/** What {@link CoreNode} needs. */
export interface CoreNodeOptions {
  readonly pki: PkiNode;
  readonly signUp: SignUp;
  readonly ids: ServerIds;
  readonly space: Pick<SpaceControl, 'registerUser'>;
  /** Names that `usernames` leaves out; they can be looked up all the same. */
  readonly unlisted?: readonly string[];
}

/** The `core` calls of a server that is its own PKI node (chapter 02 section 8, chapter 05 sections 12 and 17). */
export class CoreNode implements CoreService {
  private readonly unlisted: ReadonlySet<string>;
  private listed: { readonly all: readonly string[]; readonly listed: readonly string[] } | undefined;

  constructor(private readonly options: CoreNodeOptions) {
    this.unlisted = new Set(options.unlisted);
  }

  async getPublicKey(username: string): Promise<PublicKeyHash | undefined> {
    return this.options.pki.identityOf(username);
  }

  async getUsername(identity: PublicKeyHash): Promise<string> {
    const username = await this.options.pki.usernameOf(identity);
    if (username === undefined) throw new NotFoundError('not-found.user', `Unknown identity key: ${identity.toString()}`);
    return username;
  }

  async getChain(username: string): Promise<readonly UserPublicKeyLink[]> {
    return this.options.pki.chainOf(username);
  }

  /** All names but the unlisted ones, sorted; the same array until there is a new name, so that callers can keep what they make of it. */
  async usernames(): Promise<readonly string[]> {
    const all = await this.options.pki.usernames();
    if (this.unlisted.size === 0) return all;
    if (this.listed?.all !== all) this.listed = { all, listed: all.filter((name) => !this.unlisted.has(name)) };
    return this.listed.listed;
  }

  async signup(username: string, link: UserPublicKeyLink, log: OpLog, proof: ProofOfWork, token: string): Promise<ChainUpdateResult> {
    return this.options.signUp.run({ username, link, log, proof, token });
  }

  /**
   * Renewal, another home server, or another key for a known name (chapter 05 section 17.2). A new name is claimed by the same rules as in a sign-up,
   * permission included; its data are uploaded later.
   */
  async updateChain(username: string, links: readonly UserPublicKeyLink[], proof: ProofOfWork, token: string): Promise<ChainUpdateResult> {
    const { pki, signUp } = this.options;
    const known = await pki.identityOf(username);
    if (known === undefined) {
      const [link, ...more] = links;
      if (link === undefined || more.length > 0) throw new DeniedError('denied.chain', 'Invalid key chain merge!');
      return signUp.run({ username, link, log: undefined, proof, token });
    }
    const difficulty = pki.checkProof(username, links, proof);
    if (difficulty !== undefined) return { accepted: false, difficulty };
    await pki.merge(username, links, async (chain) => this.registerNewKey(username, known, chain));
    return { accepted: true };
  }

  /** Nobody can pay here. */
  async startPaidSignup(): Promise<ChainUpdateResult> {
    return { accepted: false, difficulty: MAX_PROOF_OF_WORK_DIFFICULTY };
  }

  /** Before the key becomes the user's identity, so that no crash leaves an identity that may not write. The old key has agreed to it already. */
  private async registerNewKey(username: string, known: PublicKeyHash, chain: readonly UserPublicKeyLink[]): Promise<void> {
    const { ids, space } = this.options;
    const [identity, provider] = [chain.at(-1)?.owner, homeProvider(chain)];
    if (identity === undefined || identity.equals(known) || provider === undefined || !ids.isOurs(provider)) return;
    await space.registerUser(username, identity);
  }
}
