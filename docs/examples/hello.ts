import { connect } from '@pyrgos/client';

// The link that the server prints when it starts for the first time. It makes one account.
const link = new URL(process.argv[2] ?? '');
const token = link.searchParams.get('token') ?? '';

const server = await connect(link.origin);
const session = await server.signUp({ username: 'ada', password: 'seven lanterns over quiet water', token });
await session.files.write('/ada/hello.txt', 'Hello, lighthouse');

for await (const entry of session.files.list('/ada')) {
  if (!entry.isDamaged && !entry.isHidden) console.log(entry.path, entry.size);
}
console.log(await session.files.readText('/ada/hello.txt'));
session.close();
