/// <reference lib="dom" />
import { connect } from '@pyrgos/client';
import type { Browser, Page } from 'playwright';
import { fillChat } from './fill-chat.js';
import { type Measurement, severalMeasurements } from './measure.js';

const MESSAGES = 10_000;
const TITLE = 'long';
const NEWEST = `message ${MESSAGES - 1} of many`;
const SAMPLES = 5;
/** Milliseconds; the issue of chats. */
const OPENING = 500;
/** Frames of scrolling, each by so many pixels. */
const FRAMES = 240;
const STEP = 120;
/** Milliseconds: two frames at 60 Hz, of which one is missing. */
const LATE = 34;

/** A server, a browser, and somebody who has an account. */
export interface ChatBenchWorld {
  readonly url: string;
  readonly browser: Browser;
  readonly username: string;
  readonly password: string;
}

/** A chat of 10,000 messages in the web app: from a click to the newest message, on devices that have never seen it and once more; and scrolling back through it. */
export async function benchWebChat({ url, browser, username, password }: ChatBenchWorld): Promise<readonly Measurement[]> {
  const session = await (await connect(url)).logIn({ username, password });
  await fillChat(session, (await session.chats.create({ title: TITLE })).id, MESSAGES);
  session.close();
  const [first, again, gaps, late]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let sample = 0; sample < SAMPLES; sample++) {
    const device = await browser.newContext();
    const page = await device.newPage();
    await page.goto(url);
    await page.getByRole('textbox', { name: 'User name' }).fill(username);
    await page.getByRole('textbox', { name: 'Password', exact: true }).fill(password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('button', { name: 'Upload' }).waitFor();
    await page.getByRole('link', { name: 'Chats' }).click();
    const link = page.getByRole('link', { name: TITLE });
    await link.waitFor();
    first.push(await opening(page));
    await page.getByRole('link', { name: 'Files', exact: true }).first().click();
    await page.getByRole('button', { name: 'Upload' }).waitFor();
    await page.getByRole('link', { name: 'Chats' }).click();
    await link.waitFor();
    again.push(await opening(page));
    const frames = await scrolling(page);
    gaps.push(Math.max(...frames));
    late.push(frames.filter((frame) => frame > LATE).length);
    await device.close();
  }
  const name = `${MESSAGES} messages:`;
  return [
    severalMeasurements('chat', `${name} from the list to the newest, on a new device`, 'ms', first, OPENING),
    severalMeasurements('chat', `${name} once more`, 'ms', again, OPENING),
    severalMeasurements('chat', `${name} longest frame of ${FRAMES} while scrolling back`, 'ms', gaps),
    severalMeasurements('chat', `${name} frames over ${LATE} ms`, 'frames', late),
  ];
}

/** Milliseconds from a click on the chat to its newest message on the screen. */
async function opening(page: Page): Promise<number> {
  return page.evaluate(
    async ([title, newest]) => {
      const link = [...document.querySelectorAll('a')].find(({ textContent }) => textContent.includes(title ?? ''));
      const start = performance.now();
      link?.click();
      const isThere = (): boolean =>
        [...document.querySelectorAll('article')].some(({ textContent }) => textContent.includes(newest ?? ''));
      while (!isThere()) await new Promise((resolve) => requestAnimationFrame(resolve));
      // The frame in which it is painted.
      await new Promise((resolve) => requestAnimationFrame(resolve));
      return performance.now() - start;
    },
    [TITLE, NEWEST] as const,
  );
}

/** The lengths of the frames, in milliseconds, while the wheel turns. */
async function scrolling(page: Page): Promise<readonly number[]> {
  return page.evaluate(
    async ([label, frames, step]) => {
      const region = document.querySelector(`[aria-label="${label}"]`);
      if (region === null) throw new Error('there is no conversation');
      const lengths: number[] = [];
      let before = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
      for (let i = 0; i < frames; i++) {
        region.scrollTop -= step;
        const now = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
        lengths.push(now - before);
        before = now;
      }
      return lengths;
    },
    [`Messages of ${TITLE}`, FRAMES, STEP] as const,
  );
}
