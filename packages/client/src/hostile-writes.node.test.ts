/**
 * A hostile server, as a proxy in front of an honest one, that meets changes: it says yes and does nothing, does them twice, later, in part,
 * or loses its answer. Afterwards an honest server shows the tree before the change or after it, and never anything else. Cases come in
 * groups with an account each; a group is made of the seed and its number alone: `PYRGOS_HOSTILE_SEED=7 PYRGOS_HOSTILE_GROUP=12`.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { blindStrikes, type Strike, strikeAt } from '../test/hostile/attacks.js';
import { checkedCode, type Model, Tally } from '../test/hostile/judge.js';
import { rollback } from '../test/hostile/lies.js';
import type { Attack } from '../test/hostile/proxy.js';
import { Choices } from '../test/hostile/random.js';
import { content, HostileWorld, type Person } from '../test/hostile/world.js';
import { isCommit, isWrite, writeStrikes } from '../test/hostile/write-attacks.js';
import { type Change, drawChange, isSameTree, readTree } from '../test/hostile/write-operations.js';
import type { UserSession } from './index.js';

const seed = Number(process.env['PYRGOS_HOSTILE_SEED'] ?? 1);
const only = process.env['PYRGOS_HOSTILE_GROUP'];
const GROUPS = Number(process.env['PYRGOS_HOSTILE_GROUPS'] ?? 24);
const CASES_PER_GROUP = 8;

let world: HostileWorld;
let strikes: Readonly<Record<string, Strike>>;
const rejections: unknown[] = [];
const onRejection = (reason: unknown): void => void rejections.push(reason);

beforeAll(async () => {
  process.on('unhandledRejection', onRejection);
  world = await HostileWorld.start();
  strikes = writeStrikes(world.honest.crypto);
}, 60_000);
afterAll(async () => {
  process.off('unhandledRejection', onRejection);
  await world.close();
});

/** After these a success means that the change is there. */
const TRUTHFUL: ReadonlySet<string> = new Set([
  'done twice',
  'done, and the answer is lost',
  'done, and refused',
  'changed on its way',
  'old pointers',
]);
/** After these blocks may be missing that the server has said to have. */
const LOSING: ReadonlySet<string> = new Set(['yes, and nothing is done', 'a part of it']);

/** An account of a group, as it is now. */
class Subject {
  model: Model;
  password: string;
  readonly passwords: string[];
  /** Whether something was lost for good; then the group ends. */
  isBroken = false;

  constructor(
    readonly person: Person,
    model: Model,
  ) {
    this.model = model;
    this.password = person.password;
    this.passwords = [person.password];
  }

  get home(): string {
    return `/${this.person.username}`;
  }
}

async function subject(username: string): Promise<Subject> {
  const { person, session } = await world.person(username, `the first password of ${username}`);
  const home = `/${username}`;
  const model = new Map<string, Buffer | 'directory'>([
    [home, 'directory'],
    [`${home}/a`, 'directory'],
    [`${home}/b`, 'directory'],
  ]);
  world.moments.length = 0;
  await world.remember(person, model);
  await session.files.makeDirectory(`${home}/a`);
  await session.files.makeDirectory(`${home}/b`);
  await world.remember(person, model);
  for (const [name, size] of [
    ['one', 100],
    ['a/two', 3000],
    ['b/three', 70_000],
  ] as const) {
    const bytes = content(size, size);
    await session.files.write(`${home}/${name}`, bytes);
    model.set(`${home}/${name}`, bytes);
  }
  await world.remember(person, model);
  return new Subject(person, model);
}

const logIn = async (username: string, password: string): Promise<UserSession> =>
  (await world.device()).server.logIn({ username, password });

/** Logs in, at the second try when the first one is spoilt by an attack. */
async function logInSomehow(who: Subject, isDeceived: boolean): Promise<UserSession> {
  try {
    return await logIn(who.person.username, who.password);
  } catch (error) {
    if (!isDeceived) throw error;
    checkedCode(error, world.proxy.exchanges, who.passwords);
    await calm();
    return logIn(who.person.username, who.password);
  }
}

interface Tried {
  /** Why it failed; undefined when it resolved. */
  readonly code: string | undefined;
}

/** What came of a case. */
interface Result extends Tried {
  readonly applied: number;
  readonly requests: number;
  readonly what: string;
  /** The one to go on with, when it is another one now. */
  readonly session?: UserSession;
}

async function attempt(secrets: readonly string[], work: () => Promise<unknown>): Promise<Tried> {
  let timer: NodeJS.Timeout | undefined;
  const stuck = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(new Error('a call that does not return')), 40_000)));
  try {
    await Promise.race([work(), stuck]);
    return { code: undefined };
  } catch (error) {
    return { code: checkedCode(error, world.proxy.exchanges, secrets) };
  } finally {
    clearTimeout(timer);
  }
}

function attackFor(name: string, choices: Choices, who: Subject): Attack {
  const scene = { proxy: world.proxy, choices, trap: world.trap.url };
  if (name === 'old pointers') {
    const cast = {
      crypto: world.honest.crypto,
      now: () => world.clock.now(),
      victim: who.person,
      other: who.person,
      moments: world.moments,
    };
    return rollback(cast, choices, { from: 0, to: world.moments.length - 2 });
  }
  const strike = strikes[name] ?? blindStrikes[name];
  if (strike === undefined) throw new Error('no such class');
  const isOfWrites = name in strikes;
  const filter =
    isOfWrites && name !== 'a part of it' && choices.chance(0.6) ? isCommit : isOfWrites || choices.chance(0.6) ? isWrite : undefined;
  const skip = filter === isCommit || name === 'a part of it' ? 0 : choices.pick(isOfWrites ? [0, 0, 1] : [0, 0, 0, 1, 2]);
  return strikeAt(strike, scene, { only: filter, skip, times: choices.pick([1, 1, 1, 3, 1000]) });
}

/** Ends the attack, and lets everything that is under way come to its end. */
async function calm(): Promise<void> {
  world.proxy.end();
  await world.timers.settled();
  await world.proxy.idle();
  world.clock.leap(15_000);
}

/** What an honest server has, as somebody sees it who has just come. */
async function lookAfresh(who: Subject, name: string): Promise<Model> {
  const damages: string[] = [];
  let session: UserSession;
  try {
    session = await logIn(who.person.username, who.password);
  } catch (error) {
    // The block that is missing may be one that everything hangs on.
    if (!LOSING.has(name)) throw error;
    checkedCode(error, [], who.passwords);
    who.isBroken = true;
    return new Map();
  }
  const tree = await readTree(session, who.home, (error) => damages.push(checkedCode(error, [], who.passwords)));
  if (damages.length > 0 && !LOSING.has(name)) throw new Error(`damaged: ${damages.join()}`);
  who.isBroken ||= damages.length > 0;
  return tree;
}

async function changeFiles(name: string, who: Subject, choices: Choices, id: number, session: UserSession): Promise<Result> {
  const change: Change = drawChange(who.home, who.model, choices, id);
  world.proxy.begin(attackFor(name, choices, who));
  const { code } = await attempt(who.passwords, async () => change.run(session));
  const { applied } = world.proxy;
  const requests = world.proxy.exchanges.length;
  await calm();
  const tree = await lookAfresh(who, name);
  const isDone = code === undefined && (TRUTHFUL.has(name) || applied === 0);
  const allowed = isDone ? [change.after] : [who.model, change.after];
  const found = allowed.find((model) => isSameTree(tree, model, who.isBroken));
  if (found === undefined)
    throw new Error(`${change.name}: neither before nor after (${code ?? 'done'}); there is ${[...tree.keys()].join()}`);
  if (applied === 0 && code !== undefined) throw new Error(`${change.name} fails without an attack: ${code}`);
  who.model = found;
  return { code, applied, requests, what: change.name };
}

async function changePassword(name: string, who: Subject, choices: Choices, id: number, session: UserSession): Promise<Result> {
  const next = `another password, number ${id}`;
  const changed: UserSession[] = [];
  world.proxy.begin(attackFor(name, choices, who));
  who.passwords.push(next);
  const { code } = await attempt(who.passwords, async () =>
    changed.push(await session.changePassword({ oldPassword: who.password, newPassword: next })),
  );
  const { applied } = world.proxy;
  const requests = world.proxy.exchanges.length;
  await calm();
  const works: string[] = [];
  for (const password of [who.password, next]) {
    const tried = await attempt([], async () => logIn(who.person.username, password));
    if (tried.code === undefined) works.push(password);
    else expect(tried.code).toBe('denied.login');
  }
  expect(works, 'one password works').toHaveLength(1);
  if (code === undefined && !name.startsWith('answers')) expect(works, 'the new one').toEqual([next]);
  if (applied === 0 && code !== undefined) throw new Error(`a password change fails without an attack: ${code}`);
  who.password = works[0] as string;
  return { code, applied, requests, what: 'change the password', session: changed[0] ?? session };
}

/** Somebody signs up; afterwards the account is there, or can be made. */
async function signUp(name: string, who: Subject, choices: Choices, id: number): Promise<Result> {
  const username = `s${who.person.username}y${id}`;
  const password = `seven copper lanterns over ${username}`;
  const { server } = await world.device();
  world.proxy.begin(attackFor(name, choices, who));
  const { code } = await attempt([password], async () => server.signUp({ username, password }));
  const { applied } = world.proxy;
  const requests = world.proxy.exchanges.length;
  await calm();
  const entered = await attempt([], async () => logIn(username, password));
  if (entered.code !== undefined) {
    expect(entered.code).toBe('not-found.user');
    if (code === undefined) throw new Error('signed up, and there is no such account');
    await server.signUp({ username, password });
  } else {
    expect((await attempt([], async () => server.signUp({ username, password }))).code).toBe('conflict.exists');
  }
  if (applied === 0 && code !== undefined) throw new Error(`a sign-up fails without an attack: ${code}`);
  return { code, applied, requests, what: 'sign up' };
}

/** The same program goes on: with what there is, unless it has been told that there is more. */
async function goOn(name: string, who: Subject, session: UserSession, id: number): Promise<void> {
  const path = `${who.home}/goes-on${id}`;
  const tried = await attempt(who.passwords, async () => session.files.makeDirectory(path));
  // Who was told that a change is stored does not take an older version for the truth.
  const mayBeStale = !TRUTHFUL.has(name) && tried.code === 'denied.stale';
  if (tried.code !== undefined && !mayBeStale) throw new Error(`the same session cannot go on: ${tried.code}`);
  if (tried.code === undefined) who.model = new Map([...who.model, [path, 'directory']]);
}

/** The classes in turn; answers to writes are no lists. */
const names = (): string[] => {
  const blind = Object.keys(blindStrikes).filter((name) => name !== 'reordered lists');
  return [...Object.keys(strikes), 'old pointers', ...blind.slice(0, 6), ...Object.keys(strikes), 'old pointers', ...blind.slice(6)];
};

async function runGroup(group: number, tally: Tally): Promise<void> {
  let who = await subject(`w${group}`);
  for (let i = 0; i < CASES_PER_GROUP; i++) {
    if (who.isBroken) who = await subject(`w${group}x${i}`);
    const id = group * CASES_PER_GROUP + i;
    const choices = new Choices(seed, 100_000 + id);
    const name = names()[id % names().length] as string;
    let what = '';
    try {
      // A device that has seen nothing believes an old state at first, too; what it builds on that must get nowhere.
      const isDeceived = name === 'old pointers' && choices.chance(0.5);
      if (isDeceived) world.proxy.begin(attackFor(name, choices, who));
      let session = await logInSomehow(who, isDeceived);
      if (name === 'old pointers' || choices.chance(0.3)) world.clock.leap(15_000);
      else if (choices.chance(0.5)) await readTree(session, who.home, () => undefined);
      const kind = name === 'a part of it' ? 9 : choices.below(10);
      const result =
        kind === 0
          ? await signUp(name, who, choices, id)
          : kind === 1 && name !== 'old pointers'
            ? await changePassword(name, who, choices, id, session)
            : await changeFiles(name, who, choices, id, session);
      ({ what } = result);
      session = result.session ?? session;
      expect(result.requests, 'requests').toBeLessThan(600);
      expect(world.trap.visits()).toBe(0);
      if (!who.isBroken && !session.account.closed) {
        await goOn(name, who, session, id);
        const tree = await lookAfresh(who, name);
        if (!isSameTree(tree, who.model)) throw new Error('the tree is another one after the session has gone on');
      }
      if (!who.isBroken) await world.remember(who.person, who.model);
      expect(rejections).toEqual([]);
      tally.add(
        name,
        result.applied === 0 ? 'not applied' : result.code === undefined ? 'harmless' : 'error',
        result.requests,
        result.code,
      );
    } catch (error) {
      await calm();
      rejections.length = 0;
      const where = `${name}; ${what}; case ${i} of PYRGOS_HOSTILE_SEED=${seed} PYRGOS_HOSTILE_GROUP=${group}`;
      throw new Error(`${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
}

test(`${GROUPS} groups of ${CASES_PER_GROUP} generated attacks on changes`, { timeout: 600_000 }, async () => {
  const tally = new Tally();
  const failures: unknown[] = [];
  const groups = only === undefined ? Array.from({ length: GROUPS }, (_, group) => group) : [Number(only)];
  for (const group of groups) {
    try {
      await runGroup(group, tally);
    } catch (error) {
      failures.push(error);
      if (failures.length >= 20) break;
    }
  }
  process.stdout.write(`${tally.toString()}\n`);
  if (failures.length > 0) throw new AggregateError(failures, failures.map((error) => (error as Error).message).join('\n'));
  if (only !== undefined) return;
  for (const { name, applied, idle } of tally.applied) expect(applied, `${name} was hardly applied`).toBeGreaterThan(idle);
});
