import { addMonths, decodeChain, encodeChain, UserPublicKeyLink } from '@pyrgos/core/accounts';
import { DataFrameWriter } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { ScryptSecretGeneration, type Signer, SigningKeyPair } from '@pyrgos/core/keys';
import { PointerUpdate, WriterData } from '@pyrgos/core/model';
import type { Strike } from './attacks.js';
import type { Answer, Attack, Exchange } from './proxy.js';
import type { Choices } from './random.js';
import type { Moment, Person } from './world.js';

/** What the server knows, and whom it wants to pass for. */
export interface Cast {
  readonly crypto: CryptoProvider;
  /** Today, in milliseconds since the epoch. */
  readonly now: () => number;
  readonly victim: Person;
  readonly other: Person;
  readonly moments: readonly Moment[];
}

const ok = (body: Uint8Array): Answer => ({ status: 200, body: Buffer.from(body) });

/** The account whose data a request is about; only pointer requests say the writer. */
export function isPointerOf(exchange: Exchange, person: Person): boolean {
  const writer = exchange.parameters.get('writer');
  return (
    exchange.endpoint === 'getPointer' && (writer === person.homeWriter.toString() || writer === person.identity.publicKeyHash.toString())
  );
}

/** Pointers of an older moment, for both writers or for one of them, or each of another moment, or of a different one every time. */
export function rollback({ victim, moments }: Cast, choices: Choices, range: { readonly from: number; readonly to: number }): Attack {
  const [identity, home] = [victim.identity.publicKeyHash.toString(), victim.homeWriter.toString()];
  const draw = (): number => range.from + choices.below(range.to - range.from + 1);
  const mode = choices.pick(['one moment', 'home only', 'identity only', 'mixture', 'to and fro'] as const);
  const first = draw();
  const plan = new Map([
    [identity, mode === 'mixture' ? draw() : first],
    [home, first],
  ]);
  if (mode === 'home only') plan.delete(identity);
  if (mode === 'identity only') plan.delete(home);
  return async (exchange, pass) => {
    const writer = exchange.parameters.get('writer') ?? '';
    if (exchange.endpoint !== 'getPointer' || !plan.has(writer)) return undefined;
    const moment = mode === 'to and fro' ? draw() : (plan.get(writer) as number);
    const signed = moments[moment]?.pointers.get(writer);
    await pass();
    return signed === undefined ? undefined : ok(signed);
  };
}

/** A pointer that somebody has signed, but not this writer for this. */
export function wrongPointer({ crypto, victim, other, moments }: Cast): Strike {
  return async (exchange, pass, { choices }) => {
    if (!isPointerOf(exchange, victim)) return undefined;
    const writer = exchange.parameters.get('writer') as string;
    const honest = await pass();
    const now = moments.at(-1) as Moment;
    const foreign = [...now.pointers].filter(([name]) => name !== writer).map(([, signed]) => signed);
    const target = PointerUpdate.decodeVerifiedBefore(honest.body);
    const resigned = (signer: Signer): Uint8Array =>
      PointerUpdate.of(target.original, target.updated, (target.sequence ?? 0) + 1).sign(crypto, signer);
    const kinds: readonly (() => Uint8Array)[] = [
      () => choices.pick(foreign),
      () => resigned(other.identity),
      () => resigned(mallory(crypto)),
      // The key of the owner does not speak for another writer.
      () => (writer === victim.identity.publicKeyHash.toString() ? resigned(other.identity) : resigned(victim.identity)),
      () => Buffer.concat([honest.body.subarray(0, 64), PointerUpdate.of(undefined, target.updated, 1).encode()]),
      () => Buffer.alloc(0),
    ];
    return ok(choices.pick(kinds)());
  };
}

/** Honest answers about somebody or something else: the request is changed on its way. */
export function otherSubject({ victim, other }: Cast): Strike {
  return async (exchange, pass, { choices, proxy }) => {
    const { target, body, endpoint, parameters } = exchange;
    const swaps: (readonly [string, string])[] = [
      [victim.identity.publicKeyHash.toString(), other.identity.publicKeyHash.toString()],
      [victim.homeWriter.toString(), other.homeWriter.toString()],
      [`username=${victim.username}`, `username=${other.username}`],
    ];
    const arg = parameters.get('arg');
    const args = proxy.passed.flatMap(({ exchange: past }) => (past.endpoint === endpoint ? [past.parameters.get('arg') ?? ''] : []));
    const otherArg = args.filter((text) => text !== '' && text !== arg);
    if (arg !== undefined && otherArg.length > 0) swaps.push([arg, choices.pick(otherArg)]);
    const [from, to] = choices.pick(
      swaps
        .filter(([text]) => target.includes(text))
        .concat(endpoint === 'getChain' ? [['', '']] : [])
        .concat([['\u0000', '']]),
    );
    if (from === '\u0000') return undefined;
    const changed = endpoint === 'getChain' ? Buffer.from(new DataFrameWriter().writeText(other.username).finish()) : body;
    await pass();
    return pass({ target: target.replace(from, to), body: changed });
  };
}

function mallory(crypto: CryptoProvider): Signer {
  return SigningKeyPair.fromSeed(crypto, new Uint8Array(32).fill(66)).signer;
}

/** Chains of the victim that the victim has not signed. */
export function forgedChain({ crypto, now, victim, other }: Cast): Strike {
  return async (exchange, pass, { choices }) => {
    if (exchange.endpoint !== 'getChain') return undefined;
    const answer = await pass();
    const links = decodeChain(answer.body);
    const [link] = links;
    if (link === undefined) return undefined;
    const { username, identity } = victim;
    const forger = mallory(crypto);
    const providers = link.claim.storageProviders;
    const day = new Date(now()).toISOString().slice(0, 10);
    const [soon, past] = [addMonths(day, 2), addMonths(day, -choices.pick([1, 12, 240]))];
    const initial = (signer: Signer, name: string, expiry: string): UserPublicKeyLink =>
      UserPublicKeyLink.createInitial(crypto, signer, name, expiry, providers);
    const handed = UserPublicKeyLink.createChain(crypto, forger, other.identity, username, soon, providers);
    const [stolen] = UserPublicKeyLink.createChain(crypto, forger, forger, username, soon, providers);
    const theirs = initial(other.identity, other.username, soon);
    const kinds: readonly (() => readonly UserPublicKeyLink[])[] = [
      () => [],
      () => [initial(forger, username, soon)],
      () => [initial(forger, username, past)],
      () => [initial(other.identity, username, soon)],
      () => [theirs],
      () => [...links, initial(forger, username, soon)],
      () => [initial(forger, username, soon), ...links],
      () => [...links, ...links],
      () => [...links, theirs],
      () => handed,
      () => [UserPublicKeyLink.of(identity.publicKeyHash, link.claim, stolen.keyChange), initial(forger, username, soon)],
      () => [UserPublicKeyLink.of(identity.publicKeyHash, stolen.claim, stolen.keyChange), initial(forger, username, soon)],
      () => [UserPublicKeyLink.of(forger.publicKeyHash, link.claim)],
      () => [UserPublicKeyLink.of(identity.publicKeyHash, theirs.claim)],
      () => [UserPublicKeyLink.of(identity.publicKeyHash, initial(forger, username, soon).claim)],
      () => Array.from({ length: choices.pick([50, 1000, 1001]) }, () => link),
    ];
    return ok(encodeChain(choices.pick(kinds)()));
  };
}

/** A whole other identity under the victim's name: chain, pointer, data, and the victim's own login data. */
export function imposter({ crypto, now, victim }: Cast, choices: Choices): Attack {
  const forger = mallory(crypto);
  const soon = addMonths(new Date(now()).toISOString().slice(0, 10), 2);
  let data: WriterData | undefined;
  return async (exchange, pass) => {
    const { endpoint, parameters } = exchange;
    if (endpoint === 'getChain') {
      const [link] = decodeChain((await pass()).body);
      if (link === undefined) return undefined;
      return ok(encodeChain([UserPublicKeyLink.createInitial(crypto, forger, victim.username, soon, link.claim.storageProviders)]));
    }
    data ??= WriterData.of(forger.publicKeyHash, {
      algorithm: choices.pick([ScryptSecretGeneration.of({ logN: 17 }), ScryptSecretGeneration.of({ logN: 15 }), undefined]),
    });
    const hash = data.cid(crypto);
    if (endpoint === 'getPointer' && parameters.get('writer') === forger.publicKeyHash.toString()) {
      return ok(PointerUpdate.of(undefined, hash, 1).sign(crypto, forger));
    }
    return endpoint === 'block/get' && parameters.get('arg') === hash.toString() ? ok(data.encode()) : undefined;
  };
}
