import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LoginData, LoginResponse, MultiFactorAuthResponse, NEVER_EXPIRES, OpLog, UserPublicKeyLink } from '@pyrgos/core/accounts';
import { fromHex, toHex } from '@pyrgos/core/bytes';
import { decodeBase64 } from '@pyrgos/core/codec';
import { type PublicKeyHash, PublicSigningKey } from '@pyrgos/core/keys';
import { PointerUpdate } from '@pyrgos/core/model';
import type { PointerStore } from '@pyrgos/core/store';
import { goldenFolder } from '@pyrgos/testkit/golden';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AccountsWorld, errorText, type TestUser } from '../../test/accounts-world.js';
import type { Accounts } from './accounts.js';
import { FactorTable } from './factor-table.js';

const golden = goldenFolder();
const folder = golden === undefined ? undefined : join(golden, '..', 'transcripts');

interface Exchange {
  readonly user?: string;
  readonly path: string;
  readonly requestBody: string;
  readonly status: number;
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly responseBody: string;
  readonly startedAtMillis: number;
}

interface Meta {
  readonly accounts: readonly { readonly username: string; readonly totpSecretHex?: string }[];
}

function transcript(name: string): Exchange[] {
  const lines = readFileSync(join(folder ?? '', `${name}.jsonl`), 'utf8')
    .trimEnd()
    .split('\n');
  return lines.map((line) => JSON.parse(line) as Exchange);
}

function queryOf(path: string): ReadonlyMap<string, string> {
  const parts = (path.split('?')[1] ?? '').split('&').filter((part) => part !== '');
  return new Map(parts.map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]));
}

/** What the recorded server answered: the body in hex, or the text of the error. */
function answerOf({ status, responseHeaders, responseBody }: Exchange): string {
  if (status === 200) return toHex(decodeBase64(responseBody));
  return decodeURIComponent((responseHeaders['trailer'] ?? responseHeaders['Trailer'] ?? '').replaceAll('+', ' '));
}

/** Byte strings with a length in front, after a text with a length in front. */
function framed(body: Uint8Array): Uint8Array[] {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const parts: Uint8Array[] = [];
  for (let offset = 0; offset < body.length;) {
    const length = view.getUint32(offset);
    parts.push(body.subarray(offset + 4, offset + 4 + length));
    offset += 4 + length;
  }
  return parts;
}

const isPresent = folder !== undefined && existsSync(join(folder, 'login.jsonl'));

describe.skipIf(!isPresent)('what the reference client said to the reference server (needs the folder transcripts beside golden-1)', () => {
  let world: AccountsWorld;
  let tessa: { readonly log: OpLog; readonly link: UserPublicKeyLink };
  beforeEach(async () => {
    world = await AccountsWorld.create();
    const signup = transcript('signup').find(({ path }) => path.includes('/core/signup'))!;
    const [, link, log] = framed(decodeBase64(signup.requestBody));
    tessa = { log: OpLog.decode(log!), link: UserPublicKeyLink.decode(link!) };
    // The directory of the world needs the chain only, which it does not verify. Its server is another one.
    const user = await world.addUser('tessa', { login: false });
    world.users.set('tessa', withChain(user, tessa.link.owner));
  });
  afterEach(async () => world.close());

  function withChain(user: TestUser, owner: PublicKeyHash): TestUser {
    const claim = UserPublicKeyLink.createInitial(world.crypto, user.identity.signer, user.name, NEVER_EXPIRES, [world.ids.current]).claim;
    return { ...user, chain: [UserPublicKeyLink.of(owner, claim)] };
  }

  async function replayGetLogin(exchange: Exchange, accounts: Accounts = world.accounts): Promise<string> {
    const query = queryOf(exchange.path);
    world.clock.time = exchange.startedAtMillis;
    const mfa = query.get('mfa');
    const call = accounts.getLogin({
      username: query.get('username') ?? '',
      author: PublicSigningKey.decode(fromHex(query.get('author') ?? '')),
      auth: fromHex(query.get('auth') ?? ''),
      proxy: query.get('proxy') === 'true',
      mfaTypes: query.get('mfaTypes')?.split(',').map(Number),
      mfa: mfa === undefined ? undefined : MultiFactorAuthResponse.decode(fromHex(mfa)),
    });
    return call.then(
      (response) => toHex(response.encode()),
      (error: unknown) => (error instanceof Error ? error.message : ''),
    );
  }

  async function signUp(accounts: Accounts = world.accounts): Promise<void> {
    const { data, auth } = tessa.log.login!;
    expect(await accounts.setLogin(data, auth, false)).toBe(true);
  }

  test('sign-up, log-in: same requests, same answers', async () => {
    await signUp();
    const logins = [...transcript('signup'), ...transcript('login')].filter(({ path }) => path.includes('/login/getLogin'));
    expect(logins.length).toBeGreaterThan(1);
    for (const exchange of logins) expect(await replayGetLogin(exchange)).toBe(answerOf(exchange));
  });

  test('log-in with the code of an authenticator app', async () => {
    const exchanges = transcript('login-mfa').filter(({ path }) => path.includes('/login/getLogin'));
    const { accounts } = JSON.parse(readFileSync(join(folder ?? '', 'meta.json'), 'utf8')) as Meta;
    const value = fromHex(accounts.find(({ username }) => username === 'mona')?.totpSecretHex ?? '');
    const [asked, accepted] = exchanges;
    const author = PublicSigningKey.decode(fromHex(queryOf(asked!.path).get('author')!));
    const mona = await world.addUser('mona', { login: false });
    const recorded = LoginResponse.decode(decodeBase64(asked!.responseBody)).request!;
    const { entryPoints } = LoginResponse.decode(decodeBase64(accepted!.responseBody));
    const data = LoginData.of('mona', entryPoints!, author);
    expect(await world.setLogin(data, mona)).toBe(true);
    const [method] = recorded.methods;
    const { name, credentialId, createdDay, type, enabled } = method!;
    new FactorTable(world.db).insert({ username: 'mona', name, credentialId, createdDay, type, enabled, value });
    for (const exchange of exchanges) {
      const answer = await replayGetLogin(exchange);
      // The challenge is random, all else is the same.
      const withoutChallenge = (hex: string): string => hex.replace(/61635820.{64}/u, 'challenge');
      expect(withoutChallenge(answer)).toBe(withoutChallenge(answerOf(exchange)));
    }
  });

  test('password change: block, pointer and login data', async () => {
    const change = transcript('change-password');
    const setLogin = change.find(({ path }) => path.includes('/login/setLogin'))!;
    const data = LoginData.decode(decodeBase64(setLogin.requestBody));
    const auth = fromHex(queryOf(setLogin.path).get('auth')!);
    const { original } = PointerUpdate.decodeVerifiedBefore(data.identityUpdate!.pointer.signed);
    const owner = tessa.link.owner;
    const recorded = [
      'signup',
      'login',
      'publish',
      'secret-link-create',
      'change-password',
      'upload-small',
      'share',
      'accept',
      'follow-request',
    ]
      .flatMap(transcript)
      .filter(({ path }) => path.includes('getPointer') && queryOf(path).get('writer') === owner.toString())
      .map(({ responseBody }) => decodeBase64(responseBody));
    const current = recorded.find((signed) => PointerUpdate.decodeVerifiedBefore(signed).updated?.equals(original));
    expect(current).toBeDefined();
    let pointer: Uint8Array | undefined = current;
    const pointers: PointerStore = {
      getPointer: async (_owner, writer) => (writer.equals(owner) ? pointer : undefined),
      setPointers: async () => false,
      setPointer: async (_owner, _writer, signed) => {
        pointer = signed;
        return true;
      },
    };
    const accounts = world.build({ pointers });
    await signUp(accounts);
    for (const exchange of change.filter(({ path }) => path.includes('/login/'))) {
      if (exchange === setLogin) expect(Number(await accounts.setLogin(data, auth, false))).toBe(Number(answerOf(exchange)));
      else expect(await replayGetLogin(exchange, accounts)).toBe(answerOf(exchange));
    }
    expect(await world.blocks.get('tessa', data.identityUpdate!.block.cid(world.crypto))).toEqual(data.identityUpdate!.block.block);
    // The same bytes in another order are another message: the signature is over exactly this data.
    expect(await errorText(accounts.setLogin(data.withoutIdentityUpdate(), auth, false))).toBe('Invalid signature of the login data');
  });
});
