import { setTimeout as pause } from 'node:timers/promises';
import { type Chat, connect, type UserSession } from '@pyrgos/client';
import { fillChat } from './fill-chat.js';
import { measure, type Measurement, severalMeasurements, singleMeasurement } from './measure.js';

const PASSWORD = 'seven grey lanterns swinging over water';
const GROUP = 'client chat';
const SAMPLES = 7;
/** Messages that are sent one after the other, and looked at by the other side. */
const MESSAGES = 15;
/** Milliseconds between two messages where the other side is told: a lively conversation, and not a program. */
const PAUSE = 1000;
const NEW_MESSAGES = 1000;
const LONG_CHAT = 10_000;
/** Milliseconds that it should take at most. */
const TARGETS = { create: 1000, join: 2000, send: 300, seen: 1000, merge: 1000, open: 500 };

/** Two friends on devices of their own. */
interface Friends {
  readonly ada: UserSession;
  readonly bob: UserSession;
}

async function makeFriends(url: string): Promise<Friends> {
  const signUp = async (username: string): Promise<UserSession> => (await connect(url)).signUp({ username, password: PASSWORD });
  const [ada, bob] = [await signUp('chat-ada'), await signUp('chat-bob')];
  await ada.friends.follow(bob.username);
  const [request] = await bob.friends.requests();
  if (request === undefined || !(await bob.friends.accept(request))) throw new Error('the request has not arrived');
  await ada.friends.requests();
  return { ada, bob };
}

/** What people do in a chat of two: beginning it, writing in it, reading it when much was written, and when it is long. */
export async function benchChat(url: string): Promise<readonly Measurement[]> {
  const friends = await makeFriends(url);
  const { ada, bob } = friends;
  const begun: Chat[] = [];
  const lines = await measure(
    GROUP,
    'ms',
    (milliseconds) => milliseconds,
    [
      {
        name: 'create a chat',
        run: async () => {
          begun.push(await ada.chats.create({ title: 'bench' }));
        },
        target: TARGETS.create,
      },
      { name: 'invite a friend', run: async () => begun.at(-1)?.invite([bob.username]) },
      {
        name: 'join',
        run: async () => bob.chats.join({ id: begun.at(-1)?.id ?? '', inviter: ada.username }),
        target: TARGETS.join,
      },
    ],
    { samples: SAMPLES, warmUps: 1 },
  );
  const chat = begun.at(-1);
  if (chat === undefined) throw new Error('there is no chat');
  const theirs = await bob.chats.open(chat.id);
  await chat.refresh();
  const sent = await benchSending(chat, theirs, bob);
  const merged = await benchMerge(friends, chat.id);
  const opened = await benchOpening(url, ada);
  ada.close();
  bob.close();
  return [...lines, ...sent, ...merged, ...opened];
}

/** Sending, and how long it takes until the other side has the message: when it looks, and when it is told. */
async function benchSending(chat: Chat, theirs: Chat, bob: UserSession): Promise<readonly Measurement[]> {
  const [sending, looking, told]: [number[], number[], number[]] = [[], [], []];
  const send = async (text: string): Promise<void> => {
    const start = performance.now();
    await chat.send({ text });
    sending.push(performance.now() - start);
  };
  const newest = async (): Promise<string | undefined> => {
    await theirs.refresh();
    return (await theirs.page()).messages.at(-1)?.text;
  };
  await send('warm-up');
  await newest();
  sending.length = 0;
  for (let i = 0; i < MESSAGES; i++) {
    const text = `looked at ${i}`;
    await send(text);
    const start = performance.now();
    if ((await newest()) !== text) throw new Error('a message was not seen');
    looking.push(performance.now() - start);
  }
  const watch = new Watcher(bob, newest);
  await watch.ready;
  for (let i = 0; i < MESSAGES; i++) {
    await pause(PAUSE);
    const text = `told of ${i}`;
    const seen = watch.seen(text);
    await send(text);
    const start = performance.now();
    await seen;
    told.push(performance.now() - start);
  }
  watch.close();
  return [
    severalMeasurements(GROUP, 'send a message', 'ms', sending, TARGETS.send),
    severalMeasurements(GROUP, 'seen by the other side, which looks after that', 'ms', looking, TARGETS.seen),
    severalMeasurements(GROUP, 'seen by the other side, which is told; a message a second', 'ms', told, TARGETS.seen),
  ];
}

/** Looks what is the newest message whenever something may have changed. */
class Watcher {
  /** Resolves when the first news has come: from then on the server is waited for. */
  readonly ready: Promise<void>;
  private readonly watch: ReturnType<UserSession['watch']>;
  private text: string | undefined;
  private isLooking = false;
  private isNews = false;
  private found: () => void = () => undefined;

  constructor(
    session: UserSession,
    private readonly newest: () => Promise<string | undefined>,
  ) {
    let begin = (): void => undefined;
    this.ready = new Promise((resolve) => {
      begin = resolve;
    });
    this.watch = session.watch(() => {
      begin();
      this.isNews = true;
      void this.look();
    });
  }

  async seen(text: string): Promise<void> {
    return new Promise((resolve) => {
      this.found = () => {
        if (this.text === text) resolve();
      };
    });
  }

  close(): void {
    this.watch.close();
  }

  private async look(): Promise<void> {
    if (this.isLooking) return;
    this.isLooking = true;
    while (this.isNews) {
      this.isNews = false;
      this.text = await this.newest();
      this.found();
    }
    this.isLooking = false;
  }
}

/** One look that brings many messages. */
async function benchMerge({ ada, bob }: Friends, id: string): Promise<readonly Measurement[]> {
  await fillChat(ada, id, NEW_MESSAGES);
  const theirs = await bob.chats.open(id);
  const start = performance.now();
  const { added } = await theirs.refresh();
  const time = performance.now() - start;
  if (added !== NEW_MESSAGES) throw new Error(`${added} messages were added`);
  return [singleMeasurement(GROUP, `merge ${NEW_MESSAGES} new messages of another member`, 'ms', time, TARGETS.merge)];
}

/** The newest page of a long chat, on a device that has not seen it before. */
async function benchOpening(url: string, ada: UserSession): Promise<readonly Measurement[]> {
  const { id } = await ada.chats.create({ title: 'long' });
  await fillChat(ada, id, LONG_CHAT);
  let device = ada;
  const lines = await measure(
    GROUP,
    'ms',
    (milliseconds) => milliseconds,
    [
      {
        name: `open a chat of ${LONG_CHAT} messages to its newest page, on a new device`,
        prepare: async () => {
          device = await (await connect(url)).logIn({ username: ada.username, password: PASSWORD });
        },
        run: async () => {
          const { messages, total } = await (await device.chats.open(id)).page();
          if (messages.length !== 50 || total < LONG_CHAT) throw new Error(`${messages.length} of ${total} messages are shown`);
        },
        target: TARGETS.open,
      },
      {
        name: 'the page before it',
        run: async () => {
          const chat = await device.chats.open(id);
          await chat.page({ before: (await chat.page()).before });
        },
      },
      { name: 'search all of it', run: async () => drain((await device.chats.open(id)).search('message 17 ')) },
    ],
    { samples: SAMPLES, warmUps: 1 },
  );
  return lines;
}

async function drain(found: AsyncIterable<unknown>): Promise<void> {
  let count = 0;
  for await (const _ of found) count++;
  if (count === 0) throw new Error('nothing was found');
}
