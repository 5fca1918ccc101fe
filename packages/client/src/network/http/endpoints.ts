import {
  MAX_BLOCK_SIZE,
  MAX_CHAIN_ANSWER_SIZE,
  MAX_CHAMP_ANSWER_SIZE,
  MAX_LIST_ANSWER_SIZE,
  MAX_RECORD_ANSWER_SIZE,
  MAX_SNAPSHOT_ANSWER_SIZE,
  MAX_USERNAMES_ANSWER_SIZE,
} from '@pyrgos/core/limits';
import { BLOCK_RETRIES, POINTER_RETRIES, READ_RETRIES, type RetryPolicy, UPDATE_RETRIES } from '../../commit/retry.js';
import type { NetworkArea } from '../request-observer.js';

/** One call of chapter 02 section 23, and how a client treats it. */
export interface Endpoint {
  readonly area: NetworkArea;
  /** What reports and errors name it. */
  readonly method: string;
  /** Without leading slash: what signed requests sign. */
  readonly path: string;
  /** "G" of chapter 02 section 1.2: a GET where the server is public, else a POST without body. */
  readonly isGet: boolean;
  /** Most bytes of the answer. */
  readonly limit: number;
  /** How often it is repeated; undefined when doing it twice is not the same as doing it once. */
  readonly retries: RetryPolicy | undefined;
  /** Whether who asks the same at the same time gets the same answer. Not for what may change without our doing. */
  readonly isShared: boolean;
  /** Whether the answer never changes: caches may keep it. */
  readonly isImmutable: boolean;
  /** Whether what is read later may depend on it. */
  readonly isWrite: boolean;
  /** Whether the server answers when something happens: then it takes none of the places of requests that are answered soon. */
  readonly isLong: boolean;
}

/** What differs from a plain read. */
type Traits = Partial<Omit<Endpoint, 'area' | 'method' | 'path'>>;

function area(name: NetworkArea, prefix: string, defaults: Traits): (method: string, traits?: Traits) => Endpoint {
  return (method, traits = {}) => ({
    area: name,
    method,
    path: `${prefix}${method}`,
    isGet: true,
    limit: MAX_RECORD_ANSWER_SIZE,
    retries: READ_RETRIES,
    isShared: false,
    isImmutable: false,
    isWrite: false,
    isLong: false,
    ...defaults,
    ...traits,
  });
}

/** Longest signed pointer that is looked at; servers take 147 bytes (chapter 02 section 7). */
const POINTER_LIMIT = 1024;
const POST: Traits = { isGet: false };
/** Doing it again would not be the same. */
const ONCE: Traits = { retries: undefined, isWrite: true };
const LIST: Traits = { limit: MAX_LIST_ANSWER_SIZE };

const blocks = area('blocks', 'api/v0/', { retries: BLOCK_RETRIES });
const links = area('links', 'api/v0/', {});
const server = area('server', 'api/v0/', { isShared: true });
const bats = area('bats', 'peergos/v0/bats/', {});
const mutable = area('pointers', 'peergos/v0/mutable/', { retries: POINTER_RETRIES });
const core = area('core', 'peergos/v0/core/', { ...POST });
const social = area('social', 'peergos/v0/social/', {});
const login = area('accounts', 'peergos/v0/login/', {});
const space = area('space', 'peergos/v0/storage/', {});
const admin = area('admin', 'peergos/v0/admin/', {});
const messages = area('messages', 'peergos/v0/server-message/', {});
const live = area('live', 'peergos/v0/pyrgos/', { ...POST });

/** The names of all calls. */
export type EndpointName =
  | 'id'
  | 'ids'
  | 'ipnsRecord'
  | 'getBlock'
  | 'statBlock'
  | 'putBlocks'
  | 'lookUpChamp'
  | 'startTransaction'
  | 'closeTransaction'
  | 'properties'
  | 'authoriseWrites'
  | 'authoriseReads'
  | 'linkHost'
  | 'getLink'
  | 'linkCounts'
  | 'getUserBats'
  | 'addBat'
  | 'getPointer'
  | 'setPointer'
  | 'setPointers'
  | 'getPublicKey'
  | 'getUsername'
  | 'getChain'
  | 'usernames'
  | 'signup'
  | 'updateChain'
  | 'startPaidSignup'
  | 'completePaidSignup'
  | 'mirror'
  | 'startPaidMirror'
  | 'completePaidMirror'
  | 'getUserSnapshots'
  | 'migrateUser'
  | 'followRequest'
  | 'getFollowRequests'
  | 'removeFollowRequest'
  | 'setLogin'
  | 'changeLogin'
  | 'getLogin'
  | 'getLoginWithFactor'
  | 'listMfa'
  | 'addTotp'
  | 'enableTotp'
  | 'addMount'
  | 'enableMount'
  | 'genBackupCodes'
  | 'registerWebauthnStart'
  | 'registerWebauthnComplete'
  | 'deleteMfa'
  | 'usage'
  | 'quota'
  | 'paymentProperties'
  | 'requestSpace'
  | 'version'
  | 'signups'
  | 'joinWaitList'
  | 'pending'
  | 'approve'
  | 'retrieveMessages'
  | 'sendMessage'
  | 'watch';

/** All calls, in the order of chapter 02. */
export const endpoints: Readonly<Record<EndpointName, Endpoint>> = {
  id: server('id'),
  ids: server('ids'),
  ipnsRecord: server('ipns/get'),

  getBlock: blocks('block/get', { limit: MAX_BLOCK_SIZE, isShared: true, isImmutable: true }),
  statBlock: blocks('block/stat'),
  putBlocks: blocks('block/put/bulk', { ...POST, limit: MAX_LIST_ANSWER_SIZE, isWrite: true }),
  lookUpChamp: blocks('champ/get/bulk', { limit: MAX_CHAMP_ANSWER_SIZE + MAX_RECORD_ANSWER_SIZE, isShared: true, isImmutable: true }),
  startTransaction: blocks('transaction/start'),
  // A courtesy that expires by itself: not worth a wait.
  closeTransaction: blocks('transaction/close', { retries: undefined }),
  properties: blocks('blockstore/props', { isShared: true, retries: READ_RETRIES }),
  authoriseWrites: blocks('blockstore/auth', { ...POST, ...LIST }),
  authoriseReads: blocks('blockstore/auth-reads', { ...POST, ...LIST }),

  linkHost: links('link-host', { isShared: true }),
  // Each retrieval is counted.
  getLink: links('link/get', { retries: undefined }),
  linkCounts: links('link/counts', LIST),

  getUserBats: bats('getUserBats', LIST),
  addBat: bats('addBat', { isWrite: true }),

  getPointer: mutable('getPointer', { limit: POINTER_LIMIT }),
  setPointer: mutable('setPointer', { ...POST, isWrite: true, retries: UPDATE_RETRIES }),
  setPointers: mutable('setPointers', { ...POST, isWrite: true, retries: UPDATE_RETRIES }),

  getPublicKey: core('getPublicKey', { isShared: true }),
  getUsername: core('getUsername', { isShared: true }),
  getChain: core('getChain', { isShared: true, limit: MAX_CHAIN_ANSWER_SIZE }),
  usernames: core('getUsernamesGzip/', { isShared: true, limit: MAX_USERNAMES_ANSWER_SIZE }),
  signup: core('signup', ONCE),
  updateChain: core('updateChain', ONCE),
  startPaidSignup: core('startPaidSignup', ONCE),
  completePaidSignup: core('completePaidSignup', ONCE),
  mirror: core('mirror', ONCE),
  startPaidMirror: core('startPaidMirror', ONCE),
  completePaidMirror: core('completePaidMirror', ONCE),
  getUserSnapshots: core('getUserSnapshots', { limit: MAX_SNAPSHOT_ANSWER_SIZE }),
  migrateUser: core('migrateUser', { ...ONCE, limit: MAX_SNAPSHOT_ANSWER_SIZE }),

  followRequest: social('followRequest', { ...POST, ...ONCE }),
  getFollowRequests: social('getFollowRequests', LIST),
  removeFollowRequest: social('removeFollowRequest', { ...POST, ...ONCE }),

  setLogin: login('setLogin', { ...POST, isWrite: true }),
  // With an identity update inside, the second time is a conflict with the first.
  changeLogin: login('setLogin', { ...POST, ...ONCE }),
  getLogin: login('getLogin'),
  // The answer to a request for a second factor may be used up.
  getLoginWithFactor: login('getLogin', { retries: undefined }),
  listMfa: login('listMfa', LIST),
  addTotp: login('addTotp', ONCE),
  enableTotp: login('enableTotp', ONCE),
  addMount: login('addMount', ONCE),
  enableMount: login('enableMount', ONCE),
  genBackupCodes: login('genBackupCodes', ONCE),
  registerWebauthnStart: login('registerWebauthnStart', ONCE),
  registerWebauthnComplete: login('registerWebauthnComplete', { ...POST, ...ONCE }),
  deleteMfa: login('deleteMfa', ONCE),

  usage: space('usage'),
  quota: space('quota'),
  paymentProperties: space('payment-properties'),
  requestSpace: space('request', ONCE),

  version: admin('version'),
  signups: admin('signups'),
  joinWaitList: admin('waitlist', ONCE),
  pending: admin('pending', { limit: MAX_CHAIN_ANSWER_SIZE }),
  approve: admin('approve', ONCE),

  retrieveMessages: messages('retrieve', LIST),
  sendMessage: messages('send', { ...POST, ...ONCE }),

  // Whoever waits decides when to do so again.
  watch: live('watch', { ...LIST, retries: undefined, isLong: true }),
} as const satisfies Readonly<Record<string, Endpoint>>;

/** `/public/<user>/<path>`, which answers with a redirect; the path varies. */
export const publicFile: Endpoint = { ...area('publicFiles', '', {})('public/') };
