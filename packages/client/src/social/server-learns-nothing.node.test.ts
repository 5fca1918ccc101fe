import { decodeCbor } from '@pyrgos/core/codec';
import { MAX_RAW_PREFIX_SIZE } from '@pyrgos/core/limits';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { filesBelow, holds, type ReceivedRequest, ServerRecord } from '../../test/server-record.js';
import { ServerWorld } from '../../test/server-world.js';
import { connect } from '../pyrgos-server.js';
import type { UserSession } from '../user-session.js';

// Two friends tell each other everything there is to tell, and somebody opens their links; the server writes down all that it receives and stores. What must not be in it is looked for
// there, as it is, as hex, as base64 and percent-encoded.
//
// What the protocol itself shows the server, and what this test therefore allows (SECURITY.md, "What a server learns"):
//   - the names of its users, which stand in the public directory of names, and with each of them identity, writers, public keys, and how many blocks of which sizes they store;
//   - that somebody asks for the chain of a user by name (`core/getChain`, `core/getUsernamesGzip` and the like): that request names nobody else, and carries nothing that belongs to who asks;
//   - with every request for blocks and pointers, and every message to an inbox, whose space or inbox it is (`owner`). It does not say who asks. That requests come over one connection, from one address, or right
//     after another, is seen by everybody who carries them: against that no protocol of this kind helps;
//   - of a secret link its owner, its label, when it ends, how often it may be opened and how often it was; of what is published, its path and its content, which are public;
//   - the sizes of ciphertexts, in the classes of chapter 04 section 2.

const secrets = {
  folder: 'Zahnarztrechnungen',
  sharedFolder: 'Urlaubsplanung-Madagaskar',
  file: 'kontoauszug-november.txt',
  inner: 'liste-der-geschenke.md',
  renamed: 'umbenannte-geschenkeliste.md',
  content: 'the content that nobody else may read, not even a little',
  written: 'what a friend has written into the folder',
  firstname: 'Wilhelmina-Konstanze',
  bio: 'collects lighthouse postcards since childhood',
  status: 'gone fishing till Thursday',
  post: 'Today I have planted eleven quince trees behind the barn',
  comment: 'Quinces again? Marvellous, I bring sugar',
  linkPassword: 'seventeen silver herons',
  password: 'nine copper kettles in the rain',
} as const;

const ada = 'adalovelacia';
const bob = 'bobthebuilderus';

let world: ServerWorld;
let record: ServerRecord;
let adas: UserSession;
let bobs: UserSession;
/** Words that links consist of. */
const linkWords: string[] = [];
let requests: readonly ReceivedRequest[];
let stored: ReadonlyMap<string, Buffer>;
let tables: ReadonlyMap<string, readonly Buffer[]>;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const endpoint = ({ target }: ReceivedRequest): string =>
  target
    .replace(/\?.*$/u, '')
    .replace(/\/$/u, '')
    .replace(/^\/(?:api|peergos)\/v0\//u, '');
const digestOf = (session: UserSession, which: 'identity' | 'home'): Uint8Array =>
  (which === 'identity' ? session.account.identity.publicKeyHash : session.account.home.writer).encode().slice(-32);

beforeAll(async () => {
  record = new ServerRecord();
  world = await ServerWorld.start({ isTalkative: true });
  await tellTheStory();
  adas.close();
  bobs.close();
  await world.running.context.db.durable();
  requests = record.requests;
  tables = dumpTables();
  await world.stop();
  stored = await filesBelow(world.dataDirectory);
}, 240_000);
afterAll(async () => {
  record.stop();
  await world.close();
});

async function tellTheStory(): Promise<void> {
  const { password } = secrets;
  const at = async (username: string): Promise<UserSession> => (await connect(world.url)).signUp({ username, password });
  [adas, bobs] = await Promise.all([at(ada), at(bob)]);
  await adas.friends.follow(bob);
  await bobs.friends.accept(ada);
  await adas.friends.state();
  const shared = `/${ada}/${secrets.folder}/${secrets.sharedFolder}`;
  await adas.files.makeDirectory(shared, { parents: true });
  await adas.files.write(`${shared}/${secrets.inner}`, bytes(secrets.content));
  await adas.files.write(`/${ada}/${secrets.file}`, bytes(secrets.content));
  await adas.files.write(`/${ada}/large`, new Uint8Array(300_000).fill(65));
  await adas.shares.share(shared, [{ user: bob }], { access: 'write' });
  await adas.shares.share(`/${ada}/${secrets.file}`, [{ group: 'friends' }]);
  expect(await bobs.files.readText(`${shared}/${secrets.inner}`)).toBe(secrets.content);
  await bobs.files.write(`${shared}/by-friend`, bytes(secrets.written));
  await bobs.files.rename(`${shared}/${secrets.inner}`, secrets.renamed);
  await adas.profiles.setText('firstname', secrets.firstname);
  await adas.profiles.setText('bio', secrets.bio);
  await adas.profiles.setText('status', secrets.status);
  await adas.profiles.setAudience('bio', [{ user: bob }]);
  expect((await bobs.profiles.read(ada)).texts.get('bio')).toBe(secrets.bio);
  const posted = await adas.posts.create({ text: secrets.post });
  const parent = { path: posted.path, capability: posted.capability, sharer: ada };
  await bobs.posts.create({ text: secrets.comment, parent });
  const link = await adas.links.create(shared, { userPassword: secrets.linkPassword, writable: true });
  const plain = await adas.links.create(`/${ada}/${secrets.file}`, { maxRetrievals: 5 });
  linkWords.push(link.text.slice(link.text.indexOf('#') + 1), plain.text.slice(plain.text.indexOf('#') + 1));
  for (const { text } of [link, plain]) {
    const opened = await (await connect(world.url)).openLink(text, { password: secrets.linkPassword });
    await opened.files.stat(opened.path);
    opened.close();
  }
  await adas.shares.unshare(shared, [{ user: bob }]);
  const number = await adas.identities.safetyNumber(bob);
  await adas.identities.setVerified(number);
  await bobs.friends.unfollow(ada);
  await adas.friends.removeFollower(bob);
  await bobs.friends.unblock(ada);
  await bobs.friends.follow(ada).catch(() => undefined);
}

/** Every value of every row, one piece of bytes for each row, by table. */
function dumpTables(): ReadonlyMap<string, readonly Buffer[]> {
  const { db } = world.running.context;
  const found = new Map<string, readonly Buffer[]>();
  for (const { name } of db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all()) {
    const rows = db.prepare(`SELECT * FROM "${String(name)}"`).all();
    found.set(
      String(name),
      rows.map((row) =>
        Buffer.concat(
          Object.values(row).map((value) =>
            Buffer.concat([value instanceof Uint8Array ? value : Buffer.from(String(value)), Buffer.from([0])]),
          ),
        ),
      ),
    );
  }
  return found;
}

/** Blocks of one user as they lie on the disk. */
function blocksOf(username: string): readonly Buffer[] {
  return [...stored].filter(([path]) => path.startsWith('blocks') && path.split(/[/\\]/u).includes(username)).map(([, content]) => content);
}

test('there is a story to look at', () => {
  expect(requests.length).toBeGreaterThan(100);
  expect(requests.some((request) => endpoint(request) === 'social/followRequest')).toBe(true);
  expect([...tables.keys()].length).toBeGreaterThan(5);
  expect(blocksOf(ada).length).toBeGreaterThan(20);
  expect([...stored.keys()].some((path) => path.endsWith('test.log') && (stored.get(path)?.length ?? 0) > 1000)).toBe(true);
  // The search finds what is there.
  expect(holds(record.bytes, ada)).toBe(true);
});

describe('no text', () => {
  test.each(Object.entries(secrets))('%s', (_, text) => {
    expect(holds(record.bytes, text), 'received').toBe(false);
    for (const [path, content] of stored) expect(holds(content, text), path).toBe(false);
    for (const [name, rows] of tables)
      expect(
        rows.some((row) => holds(row, text)),
        name,
      ).toBe(false);
  });

  test('nor the passwords that are in links', () => {
    expect(linkWords).toHaveLength(2);
    for (const word of linkWords) {
      expect(holds(record.bytes, word)).toBe(false);
      for (const [path, content] of stored) expect(holds(content, word), path).toBe(false);
    }
  });
});

describe('no relation', () => {
  /** The public directory of names, log-ins, and what an account asks about itself under its name. */
  const NAMED = /^(?:core|login|bats|storage)\/[A-Za-z-]+$/u;

  test('a name of a user is only in requests about names and log-ins, alone', () => {
    for (const request of requests) {
      const [hasAda, hasBob] = [holds(request.raw, ada), holds(request.raw, bob)];
      expect(hasAda && hasBob, request.target).toBe(false);
      if (hasAda || hasBob) expect(endpoint(request)).toMatch(NAMED);
    }
  });

  test('no request holds what belongs to two people', () => {
    for (const request of requests) {
      const about = (session: UserSession, name: string): boolean =>
        holds(request.raw, name) ||
        ['identity', 'home'].some(
          (which) =>
            holds(request.raw, digestOf(session, which as 'identity')) ||
            request.target.includes(String(which === 'identity' ? session.account.identity.publicKeyHash : session.account.home.writer)),
        );
      expect(about(adas, ada) && about(bobs, bob), request.target).toBe(false);
    }
  });

  test('no row and no block of one names the other', () => {
    for (const [name, rows] of tables) {
      for (const row of rows) {
        const about = (session: UserSession, username: string): boolean =>
          holds(row, username) ||
          holds(row, String(session.account.identity.publicKeyHash)) ||
          holds(row, digestOf(session, 'identity')) ||
          holds(row, digestOf(session, 'home'));
        expect(about(adas, ada) && about(bobs, bob), name).toBe(false);
      }
    }
    for (const [username, others, other] of [
      [ada, bobs, bob],
      [bob, adas, ada],
    ] as const) {
      for (const block of blocksOf(username)) {
        expect(holds(block, other)).toBe(false);
        for (const which of ['identity', 'home'] as const) expect(block.includes(Buffer.from(digestOf(others, which)))).toBe(false);
      }
    }
  });

  test('no request tells who makes it, but those about the own account', () => {
    for (const request of requests) {
      for (const name of ['authorization', 'cookie', 'referer', 'origin'])
        expect(request.headers.has(name), `${name} of ${request.target}`).toBe(false);
    }
  });
});

describe('a follow request', () => {
  const posted = (): readonly ReceivedRequest[] => requests.filter((request) => endpoint(request) === 'social/followRequest');
  const windows = (body: Buffer): ReadonlySet<string> => {
    const found = new Set<string>();
    for (let at = 0; at + 16 <= body.length; at++) found.add(body.toString('hex', at, at + 16));
    return found;
  };

  test('names its receiver, and holds neither name nor key of the sender', () => {
    expect(posted().length).toBeGreaterThanOrEqual(3);
    for (const request of posted()) {
      const query = new URL(request.target, 'http://x').searchParams;
      expect([...query.keys()]).toEqual(['owner']);
      const [receiver, sender, senderName] =
        query.get('owner') === String(bobs.account.identity.publicKeyHash) ? [bobs, adas, ada] : [adas, bobs, bob];
      expect(query.get('owner')).toBe(String(receiver.account.identity.publicKeyHash));
      expect(holds(request.raw, senderName)).toBe(false);
      const keys = [digestOf(sender, 'identity'), digestOf(sender, 'home'), sender.account.boxing.publicKey.encode().slice(-32)];
      for (const key of keys) expect(holds(request.raw, key)).toBe(false);
      expect(
        [...request.headers.keys()].filter(
          (name) =>
            ![
              'host',
              'connection',
              'content-length',
              'content-type',
              'accept',
              'accept-encoding',
              'accept-language',
              'user-agent',
              'sec-fetch-mode',
            ].includes(name),
        ),
      ).toEqual([]);
    }
  });

  test('shares nothing with another one of the same sender: no key, no nonce, no text', () => {
    const bodies = posted().map(({ body }) => body);
    // All the same size: what is asked or answered cannot be told either.
    expect(new Set(bodies.map(({ length }) => length)).size).toBe(1);
    for (const [i, one] of bodies.entries()) {
      for (const other of bodies.slice(i + 1)) {
        const seen = windows(one);
        const common = [...windows(other)].filter((window) => seen.has(window));
        expect(common).toEqual([]);
      }
    }
  });
});

describe('sizes', () => {
  test('of everything that is encrypted are those of the classes of the protocol', () => {
    let nodes = 0;
    for (const username of [ada, bob]) {
      for (const block of blocksOf(username)) {
        let value: unknown;
        try {
          value = decodeCbor(block);
        } catch {
          // A fragment of content (chapter 04 section 4.2), behind the ids of its BATs.
          expect(block.length % 4096).toBeLessThanOrEqual(MAX_RAW_PREFIX_SIZE);
          continue;
        }
        if (!(value instanceof Map) || !value.has('b') || !value.has('d') || !value.has('p')) continue;
        nodes++;
        const sizeOf = (key: string): number => ((value as Map<string, unknown>).get(key) as readonly [unknown, Uint8Array])[1].length;
        // Base and parent section: padded to 64 and 16, with a tag of 16 bytes.
        expect((sizeOf('b') - 16) % 64).toBe(0);
        expect((sizeOf('p') - 16) % 16).toBe(0);
      }
    }
    expect(nodes).toBeGreaterThan(20);
  });
});
