/** Lets everything else that waits have a turn: for long work that would never wait for anything by itself. */
export async function takeTurn(): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, 0);
  });
}
