/** Attachments that are loaded at a time. */
export const MAX_AT_A_TIME = 3;

const waiting: (() => void)[] = [];
let running = 0;

/** Does something when there is a turn for it; an AbortError when nobody wants it any more by then. */
export async function inTurn<Result>(work: () => Promise<Result>, isWanted: () => boolean): Promise<Result> {
  if (running >= MAX_AT_A_TIME) await new Promise<void>((resolve) => waiting.push(resolve));
  else running++;
  try {
    if (!isWanted()) throw new DOMException('Nobody wants it any more.', 'AbortError');
    return await work();
  } finally {
    const next = waiting.shift();
    // The turn goes to the next one.
    if (next === undefined) running--;
    else next();
  }
}
