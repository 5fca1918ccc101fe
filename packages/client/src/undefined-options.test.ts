import type { ComputationOptions, LoadCryptoOptions } from '@pyrgos/core/crypto';
import type { BulkOptions } from '@pyrgos/core/crypto/pool';
import { loadCrypto } from '@pyrgos/core/crypto';
import { expect, test } from 'vitest';
import type {
  AppendOptions,
  ChangePasswordOptions,
  ConnectOptions,
  CopyTreeOptions,
  DeleteAccountOptions,
  EditOptions,
  FileOptions,
  FileReaderOptions,
  FileSettings,
  FileSystemOptions,
  LogInOptions,
  MakeDirectoryAtOptions,
  MoveTreeOptions,
  PropertyChanges,
  PyrgosErrorOptions,
  RemoveOptions,
  RestoreOptions,
  SetPropertiesOptions,
  SignUpOptions,
  StreamOptions,
  VerifyTreeOptions,
  WatchedOptions,
  WriteOptions,
  WriteTreeOptions,
} from './index.js';
import { MemoryLocalStore } from './index.js';
import type { HttpNetworkOptions } from './network/index.js';
import { PyrgosServer } from './pyrgos-server.js';
import type { LoginCost } from './session/index.js';
import { given } from './waiting/given.js';

/** The names of the optional ones of some options. */
type Optional<O> = { [K in keyof O]-?: Pick<O, K> extends Required<Pick<O, K>> ? never : K }[keyof O];
/** The names of those that do not take undefined. */
type Refused<O> = { [K in Optional<O>]: Readonly<Record<K, undefined>> extends Pick<O, K> ? never : K }[Optional<O>];

/** An error of the compiler when there is an option that does not take undefined. */
function allTakeUndefined<O>(...refused: [Refused<O>] extends [never] ? [] : [Refused<O>]): void {
  expect(refused).toEqual([]);
}

test('every option may be undefined, which is as if it were not there: also with exactOptionalPropertyTypes', () => {
  allTakeUndefined<ConnectOptions>();
  allTakeUndefined<NonNullable<ConnectOptions['http']>>();
  allTakeUndefined<HttpNetworkOptions>();
  allTakeUndefined<SignUpOptions>();
  allTakeUndefined<LogInOptions>();
  allTakeUndefined<RestoreOptions>();
  allTakeUndefined<ChangePasswordOptions>();
  allTakeUndefined<DeleteAccountOptions>();
  allTakeUndefined<LoginCost>();
  allTakeUndefined<FileSettings>();
  allTakeUndefined<FileSystemOptions>();
  allTakeUndefined<FileOptions>();
  allTakeUndefined<WatchedOptions>();
  allTakeUndefined<WriteOptions>();
  allTakeUndefined<WriteTreeOptions>();
  allTakeUndefined<EditOptions>();
  allTakeUndefined<AppendOptions>();
  allTakeUndefined<MakeDirectoryAtOptions>();
  allTakeUndefined<MoveTreeOptions>();
  allTakeUndefined<CopyTreeOptions>();
  allTakeUndefined<RemoveOptions>();
  allTakeUndefined<PropertyChanges>();
  allTakeUndefined<SetPropertiesOptions>();
  allTakeUndefined<VerifyTreeOptions>();
  allTakeUndefined<StreamOptions>();
  allTakeUndefined<FileReaderOptions>();
  allTakeUndefined<LoadCryptoOptions>();
  allTakeUndefined<ComputationOptions>();
  allTakeUndefined<BulkOptions>();
  allTakeUndefined<PyrgosErrorOptions>();
});

test('an option of a call that is undefined leaves that of the server', async () => {
  const store = new MemoryLocalStore();
  const crypto = await loadCrypto();
  const asked: string[] = [];
  const network = new Proxy({} as PyrgosServer['network'], {
    get: (_, name) => new Proxy({}, { get: (_part, method) => async () => void asked.push(`${String(name)}.${String(method)}`) }),
  });
  const server = new PyrgosServer(network, { crypto, store });
  const { SymmetricKey } = await import('@pyrgos/core/keys');
  const call = server.restore({ username: 'ada', deviceKey: SymmetricKey.generate(crypto), store: undefined });
  // With the store of the server somebody may stay logged in; there is only nobody who does.
  await expect(call).rejects.toMatchObject({ code: 'denied.login', data: { expired: true } });
  expect(asked).toEqual([]);
});

test('what is no options stays what it is', () => {
  for (const value of [null, undefined, 1, 'x'] as never[]) expect(given(value)).toBe(value);
  expect(given({ a: 1, b: undefined, c: null })).toEqual({ a: 1, c: null });
  expect(Object.keys(given({ b: undefined }))).toEqual([]);
});
