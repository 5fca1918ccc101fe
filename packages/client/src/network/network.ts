import type { IpnsEntry } from '@pyrgos/core/api';
import type { Cid } from '@pyrgos/core/codec';
import type { PointerStore } from '@pyrgos/core/store';
import type { ServerTime } from '../commit/server-time.js';
import type { Accounts } from './accounts.js';
import type { Admin } from './admin.js';
import type { Bats } from './bats.js';
import type { Blocks } from './blocks.js';
import type { CoreNode } from './core-node.js';
import type { Live } from './live.js';
import type { PublicFiles } from './public-files.js';
import type { SecretLinks } from './secret-links.js';
import type { ServerMessages } from './server-messages.js';
import type { Social } from './social.js';
import type { Space } from './space.js';

/**
 * One server, as a client sees it: everything that can be asked of it, area by area (chapter 02). The server is not trusted. Answers have the
 * right form or are an error; what they say is only verified where the method says so.
 *
 * Errors of every method: `network` (not reached, or no proper answer; whether a change happened is open), `rate` (overload), FormatError (an
 * answer of the wrong form), LimitError (an answer that is too long), DeniedError (`denied.request` for a reason that we do not know,
 * `denied.stale` when the clocks differ, `denied.auth`), `quota`, `unsupported`, AbortedError. What can be repeated without harm has
 * been repeated before an error comes out. Methods that take a signer sign with the time of now.
 */
export interface Network {
  readonly blocks: Blocks;
  /** Not verified; updates are not repeated beyond what chapter 02 section 19.3 allows. */
  readonly pointers: PointerStore;
  readonly core: CoreNode;
  readonly accounts: Accounts;
  readonly bats: Bats;
  readonly space: Space;
  readonly social: Social;
  readonly admin: Admin;
  readonly messages: ServerMessages;
  readonly links: SecretLinks;
  readonly publicFiles: PublicFiles;
  /** Waiting for changes; undefined for a network that cannot: then they are looked for now and then. */
  readonly live?: Live | undefined;
  /** What the dates of its answers tell about time; undefined when nobody can know. */
  readonly time?: ServerTime | undefined;
  /** The current id of the server: what sign-ups name as home. */
  serverId(signal?: AbortSignal): Promise<Cid>;
  /** All ids that the server had, oldest first; the last one is the current one. */
  serverIds(signal?: AbortSignal): Promise<readonly Cid[]>;
  /** The record of one of its ids; verify it with `IpnsEntry.verify` (chapter 02 section 5.13). */
  ipnsRecord(id: Cid, signal?: AbortSignal): Promise<IpnsEntry>;
}
