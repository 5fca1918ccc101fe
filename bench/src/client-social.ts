import { connect, type PyrgosServer, type UserSession } from '@pyrgos/client';
import { measure, type Measurement, singleMeasurement } from './measure.js';

const PASSWORD = 'seven grey lanterns swinging over water';
const GROUP = 'client social';
const SAMPLES = 7;
/** Pairs of people who become friends. */
const PAIRS = 3;
const FOLDER_FILES = 1000;
/** What it should take at most: requests of both sides together, and milliseconds. */
const TARGETS = { befriend: 47, share: 300, openLink: 1500 };

/** Two people on devices of their own, whose requests are counted together. */
interface Pair {
  readonly ada: UserSession;
  readonly bob: UserSession;
  requests(): number;
}

async function newPair(url: string, number: string, logsInAgain: boolean): Promise<Pair> {
  let requests = 0;
  const onRequest = (): void => void requests++;
  const join = async (username: string): Promise<UserSession> => {
    const server = await connect(url, { http: { onRequest } });
    const session = await server.signUp({ username, password: PASSWORD });
    if (!logsInAgain) return session;
    session.close();
    return server.logIn({ username, password: PASSWORD });
  };
  const [ada, bob] = [await join(`ada-${number}`), await join(`bob-${number}`)];
  return { ada, bob, requests: () => requests };
}

/** Follow, accept with following back, and taking the answer: once for each of some pairs, who have just signed up, or logged in again on a device that knows nothing. */
async function benchBefriending(
  url: string,
  logsInAgain: boolean,
): Promise<{ readonly pair: Pair; readonly lines: readonly Measurement[] }> {
  const times: number[] = [];
  const counts: number[] = [];
  let last: Pair | undefined;
  for (let i = 0; i < PAIRS; i++) {
    const pair = await newPair(url, `${logsInAgain ? 'new-device' : 'first'}-${i}`, logsInAgain);
    const before = pair.requests();
    const start = performance.now();
    await pair.ada.friends.follow(pair.bob.username);
    const [request] = await pair.bob.friends.requests();
    if (request === undefined || !(await pair.bob.friends.accept(request))) throw new Error('the request has not arrived');
    // Takes the answer. To look who can be reached now is another question.
    await pair.ada.friends.requests();
    times.push(performance.now() - start);
    counts.push(pair.requests() - before);
    const { friends } = await pair.ada.friends.state();
    if (!friends.includes(pair.bob.username)) throw new Error('they are no friends');
    last = pair;
  }
  if (last === undefined) throw new Error('there is nobody');
  const name = `follow, accept, reciprocate${logsInAgain ? ', on new devices' : ''}`;
  const summary = (unit: string, values: readonly number[], target?: number): Measurement => {
    const sorted = [...values].sort((a, b) => a - b);
    const [min = 0, median = 0, max = 0] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)];
    return { group: GROUP, name, unit, median, min, max, samples: values.length, ...(target === undefined ? {} : { target }) };
  };
  return { pair: last, lines: [summary('requests', counts, logsInAgain ? undefined : TARGETS.befriend), summary('ms', times)] };
}

/** What people do with each other: becoming friends, sharing, ending that, and opening a link without an account. */
export async function benchSocial(url: string): Promise<readonly Measurement[]> {
  const { lines: first } = await benchBefriending(url, false);
  const { pair, lines: again } = await benchBefriending(url, true);
  const { ada, bob } = pair;
  const { files, shares } = ada;
  const home = files.homePath;
  const recipients = [{ user: bob.username }];
  const content = new Uint8Array(4096).fill(7);
  await files.makeDirectory(`${home}/folder`);
  const entries = Array.from({ length: FOLDER_FILES }, (_, i) => ({ path: [`file-${i}`], source: content }));
  for await (const { outcome } of files.writeTree(`${home}/folder`, entries))
    if (outcome !== 'created') throw new Error(`a file is ${outcome}`);
  for (let i = 0; i < SAMPLES + 1; i++) {
    await files.write(`${home}/file-${i}`, content);
    await files.makeDirectory(`${home}/small-${i}`);
    await files.write(`${home}/small-${i}/file`, content);
  }
  const folder = `share a folder of ${FOLDER_FILES} files, for reading`;
  let file = 0;
  const [shareFile] = await measure(
    GROUP,
    'ms',
    (milliseconds) => milliseconds,
    [{ name: 'share a file, for reading', run: async () => shares.share(`${home}/file-${file++}`, recipients), target: TARGETS.share }],
    { samples: SAMPLES, warmUps: 1 },
  );
  const timed = async (name: string, run: () => Promise<unknown>, target?: number): Promise<Measurement> => {
    const start = performance.now();
    await run();
    return singleMeasurement(GROUP, name, 'ms', performance.now() - start, target);
  };
  const path = `${home}/folder`;
  const folderLines = [
    await timed(folder, async () => shares.share(path, recipients), TARGETS.share),
    await timed(`share it for writing, with new keys for ${FOLDER_FILES} files`, async () =>
      shares.share(path, recipients, { access: 'write' }),
    ),
    await timed('revoke writing of it, with new keys again', async () => shares.unshare(path, recipients, { access: 'write' })),
  ];
  let small = 0;
  let revoked = 0;
  const smallLines = await measure(
    GROUP,
    'ms',
    (milliseconds) => milliseconds,
    [
      {
        name: 'share a folder of one file, for writing',
        run: async () => shares.share(`${home}/small-${small++}`, recipients, { access: 'write' }),
      },
      { name: 'revoke writing of it', run: async () => shares.unshare(`${home}/small-${revoked++}`, recipients, { access: 'write' }) },
    ],
    { samples: SAMPLES, warmUps: 1 },
  );
  return [
    ...first,
    ...again,
    ...(shareFile === undefined ? [] : [shareFile]),
    ...folderLines,
    ...smallLines,
    ...(await benchLinks(url, ada)),
  ];
}

/** Opening what a link leads to on a device that knows nothing, with the key derivation that the link needs. */
async function benchLinks(url: string, { files, links }: UserSession): Promise<readonly Measurement[]> {
  const path = `${files.homePath}/file-0`;
  const { text } = await links.create(path);
  let device: PyrgosServer = await connect(url);
  return measure(
    GROUP,
    'ms',
    (milliseconds) => milliseconds,
    [
      {
        name: 'open a link and read its file, without an account',
        prepare: async () => {
          device = await connect(url);
        },
        run: async () => {
          const session = await device.openLink(text);
          await session.files.read(path);
          session.close();
        },
        target: TARGETS.openLink,
      },
    ],
    { samples: SAMPLES, warmUps: 1 },
  );
}
