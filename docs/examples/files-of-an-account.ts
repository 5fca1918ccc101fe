import { connect } from '@pyrgos/client';

/**
 * Makes an account with a sign-up link, keeps some files in it, and looks at them from another device. Returns what it finds there. The server prints
 * such a link when it starts for the first time, and `npx pyrgos token create` makes more; each makes one account.
 */
export async function filesOfAnAccount(signUpLink: string, username: string, password: string): Promise<string[]> {
  const { origin: server, searchParams } = new URL(signUpLink);
  const here = await connect(server);
  const session = await here.signUp({ username, password, token: searchParams.get('token') ?? '' });
  const { files } = session;

  // Paths begin with the name of their user. What a promise stands for is on the server, for good and as a whole, when it resolves.
  await files.write(`/${username}/notes/today.txt`, 'Milk, bread', { parents: true });
  await files.append(`/${username}/notes/today.txt`, ', a lighthouse');
  await files.rename(`/${username}/notes/today.txt`, 'shopping.txt');

  // Many small files travel together.
  const photos = Array.from({ length: 20 }, (_, i) => ({ path: ['photos', `${i}.txt`], source: `photo ${i}` }));
  for await (const { file, outcome } of files.writeTree(`/${username}`, photos)) {
    if (outcome === 'failed') throw new Error(`${file.path.join('/')} is missing`);
  }
  session.close();

  // The server stores only what it cannot read; everything is decrypted and verified here.
  const elsewhere = await connect(server);
  const again = await elsewhere.logIn({ username, password });
  const found: string[] = [];
  for await (const entry of again.files.list(`/${username}/photos`)) {
    // One damaged entry never hides its siblings.
    if (!entry.isDamaged) found.push(`${entry.name}, ${entry.size} bytes, ${entry.mimeType}`);
  }
  const bytes = await again.files.read(`/${username}/notes/shopping.txt`, { start: 6 });
  return [...found.sort(), new TextDecoder().decode(bytes)];
}
