import type { UserSession } from '@pyrgos/client';

/**
 * Tells how many requests and news somebody has whenever that may be other than before, until `signal` fires. `onShown` calls its argument with whether anybody looks:
 * a page would do so on `visibilitychange`.
 */
export async function countNews(
  session: UserSession,
  tell: (requests: number, news: number) => void,
  onShown: (listener: (isShown: boolean) => void) => void,
  signal: AbortSignal,
): Promise<void> {
  const { friends, feed } = session;
  let counting = Promise.resolve();
  const changed = new Set<string>();
  const count = async (): Promise<void> => {
    const asked = [...changed];
    changed.clear();
    // Only those who have changed something: the others need not be asked.
    await feed.update({ friends: asked, signal });
    tell((await friends.requests({ signal })).length, await feed.unread({ signal }));
  };
  const watching = session.watch(
    (changes) => {
      for (const friend of changes.friends) changed.add(friend);
      // The first call names everything. What cannot be counted now will be with the next one.
      counting = counting.then(count).catch(() => undefined);
    },
    { signal },
  );
  onShown((isShown) => watching.attend(isShown ? 'full' : 'none'));
  await watching.closed;
  await counting;
}
