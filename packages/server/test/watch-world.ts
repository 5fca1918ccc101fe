import { BlindFollowRequest } from '@pyrgos/core/accounts';
import { decodeWatchAnswer, encodeWatchRequest, type WatchAnswer, type WatchedPointer, type WatchRequest } from '@pyrgos/core/api';
import { PaddedAsymmetricCipherText } from '@pyrgos/core/containers';
import { BoxingKeyPair, type PublicKeyHash, type Signer, signNow, type SigningKeyPair } from '@pyrgos/core/keys';
import { WriterData } from '@pyrgos/core/model';
import { FollowRequestTable } from '../src/social/follow-request-table.js';
import { FollowRequests } from '../src/social/follow-requests.js';
import { socialSchema } from '../src/social/schema.js';
import { IdentityKeys } from '../src/space/identity-keys.js';
import { CommitBell } from '../src/watch/commit-bell.js';
import { Watches, type WatchesOptions } from '../src/watch/watches.js';
import { ListeningWorld } from './http/listening.js';
import { ORIGIN } from './http/http-world.js';
import { SpaceWorld, START } from './space-world.js';

/** The path of the call. */
export const WATCH = '/peergos/v0/pyrgos/watch';

/** Pointers and follow requests of one server on a real database, and whoever waits for them over HTTP. Time passes when the test says so. */
export class WatchWorld {
  readonly social: FollowRequests;
  readonly bell: CommitBell;
  readonly watches: Watches;
  /** Milliseconds. */
  private time = 0;
  private look: (() => void) | undefined;
  private http!: ListeningWorld;
  private payload = 0;

  private constructor(
    readonly space: SpaceWorld,
    readonly alice: SigningKeyPair,
    options: Partial<WatchesOptions>,
  ) {
    const table = new FollowRequestTable(space.db);
    this.social = new FollowRequests({ ...space, identities: new IdentityKeys(space), table });
    this.bell = new CommitBell(space.db);
    this.watches = new Watches({
      crypto: space.crypto,
      bell: this.bell,
      pointers: {
        table: space.space.ledger.pointers,
        userOf: (writer) => space.pointers.userOf(writer),
        isBanned: async (name) => space.banned.has(name),
      },
      inboxes: { table, assertReader: async (owner, auth) => this.social.assertReader(owner, auth) },
      monotonic: () => this.time,
      everySecond: (look) => {
        this.look = look;
        return () => {
          this.look = undefined;
        };
      },
      ...options,
    });
  }

  static async start(options: Partial<WatchesOptions> = {}): Promise<WatchWorld> {
    const space = await SpaceWorld.create({ schemas: [socialSchema] });
    const world = new WatchWorld(space, await space.addUser('alice'), options);
    const { watches } = world;
    world.http = await ListeningWorld.start(
      {
        watches: { watch: async (request, caller) => watches.watch(request, caller), close: () => watches.close(), size: 0 },
        pointers: space.pointers,
      },
      { publicServer: true },
    );
    return world;
  }

  get listening(): ListeningWorld {
    return this.http;
  }

  /** Whether a timer runs. */
  get hasTimer(): boolean {
    return this.look !== undefined;
  }

  /** Lets time pass. */
  pass(seconds: number): void {
    this.time += seconds * 1000;
    this.look?.();
  }

  get owner(): PublicKeyHash {
    return this.alice.publicKey.hash;
  }

  /** Commits a new version of one of alice's writers. */
  async commit(...writers: readonly Signer[]): Promise<void> {
    const { space, owner } = this;
    const updates = [];
    for (const writer of writers) {
      const [tree] = await space.store('alice', 0x55, Uint8Array.of(this.payload++));
      const [target] = await space.store('alice', 0x71, WriterData.of(writer.publicKeyHash, { tree }).encode());
      updates.push(space.next(writer, target));
    }
    if (!(await space.pointers.setPointers(owner, updates))) throw new Error('the update was rejected');
  }

  /** What would be watched of a writer by who knows its pointer. */
  known({ publicKeyHash: writer }: Signer): WatchedPointer {
    const { space, owner } = this;
    return { owner, writer, mark: space.crypto.sha256(space.space.ledger.pointers.get(writer) ?? new Uint8Array()) };
  }

  /** A further writer of alice, that is known to the server and has no pointer. */
  async addWriter(writer: Signer): Promise<void> {
    const { space, owner } = this;
    const user = space.space.ledger.writers.find(owner)?.userId;
    if (user === undefined) throw new Error('alice is not here');
    space.db.transaction(() => space.space.ledger.registerWriter(user, writer.publicKeyHash));
  }

  /** Waits over a socket, as clients do. */
  async fetch(
    request: WatchRequest,
    { signal, headers = {} }: { readonly signal?: AbortSignal; readonly headers?: Record<string, string> } = {},
  ): Promise<WatchAnswer> {
    const response = await fetch(`http://127.0.0.1:${this.http.port}${WATCH}`, {
      method: 'POST',
      body: encodeWatchRequest(request) as Uint8Array<ArrayBuffer>,
      headers,
      ...(signal === undefined ? {} : { signal }),
    });
    if (response.status !== 200) throw new Error(`${response.status} ${response.headers.get('trailer') ?? ''}`);
    return decodeWatchAnswer(new Uint8Array(await response.arrayBuffer()), request.pointers.length);
  }

  /** Sends bytes in this process. */
  async post(body: Uint8Array, init: RequestInit = {}): Promise<Response> {
    return this.http.app.fetch(new Request(`${ORIGIN}${WATCH}`, { method: 'POST', body: body as Uint8Array<ArrayBuffer>, ...init }));
  }

  /** A signed time of alice. */
  auth(by: SigningKeyPair = this.alice, time: number = START): Uint8Array {
    return signNow(this.space.crypto, by.secretKey, time);
  }

  /** Leaves a follow request for alice. */
  async ask(size = 10): Promise<BlindFollowRequest> {
    const { crypto } = this.space;
    const [from, to] = [BoxingKeyPair.generateCurve25519(crypto), BoxingKeyPair.generateCurve25519(crypto)];
    const cipher = PaddedAsymmetricCipherText.seal(crypto, to.publicKey, from.secretKey, 'x'.repeat(size), 16);
    const request = BlindFollowRequest.of(cipher, from.publicKey);
    await this.social.sendFollowRequest(this.owner, request);
    return request;
  }

  async close(): Promise<void> {
    await this.http.close();
    await this.space.close();
  }
}
