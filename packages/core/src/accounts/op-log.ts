import { assertInstance, assertList, assertObject } from '../arguments.js';
import { assertBytes, copyBytes, equalBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { LimitError } from '../errors.js';
import { BatWithId } from '../keys/bat.js';
import { SIGNATURE_SIZE } from '../keys/signing-key.js';
import { MAX_OP_LOG_SIZE } from '../limits.js';
import { assertBoundedBytes, boundedBytes } from './bounded-fields.js';
import { BlockWrite, PointerWrite } from './block-write.js';
import { LoginData } from './login-data.js';

/** A signed request for `peergos/v0/bats/addBat`: signature, path, time, and room for another spelling of the map. */
const MAX_BAT_AUTH_SIZE = 256;

/** Login data with the detached signature of the identity key. */
export interface SignedLoginData {
  readonly data: LoginData;
  /** 64 bytes; see {@link LoginData.isSignedBy}. */
  readonly auth: Uint8Array;
}

/** A mirror BAT with the signed request that adds it. */
export interface SignedMirrorBat {
  readonly bat: BatWithId;
  /** Signed request for `peergos/v0/bats/addBat` by the identity key. */
  readonly auth: Uint8Array;
}

/** Everything that a sign-up writes, in order (chapter 05 section 12.2). Immutable; no signature is verified by parsing. */
export class OpLog implements ToCbor {
  private constructor(
    /** A block comes before the pointer that leads to it. */
    readonly operations: readonly (BlockWrite | PointerWrite)[],
    /** Absent on legacy accounts. */
    readonly login: SignedLoginData | undefined,
    readonly mirrorBat: SignedMirrorBat | undefined,
  ) {}

  /** Builds a log. LimitError beyond MAX_OP_LOG_SIZE. */
  static of(
    operations: readonly (BlockWrite | PointerWrite)[],
    extras: { readonly login?: SignedLoginData | undefined; readonly mirrorBat?: SignedMirrorBat | undefined } = {},
  ): OpLog {
    assertList('operations', operations);
    for (let i = 0; i < operations.length; i++) {
      if (!(operations[i] instanceof PointerWrite)) assertInstance(`operations[${i}]`, operations[i], BlockWrite);
    }
    assertObject('extras', extras);
    const { login, mirrorBat } = extras;
    if (login !== undefined) {
      assertObject('login', login);
      assertInstance('login.data', login.data, LoginData);
      assertBytes('login.auth', login.auth, SIGNATURE_SIZE);
    }
    if (mirrorBat !== undefined) {
      assertObject('mirrorBat', mirrorBat);
      assertInstance('mirrorBat.bat', mirrorBat.bat, BatWithId);
      assertBoundedBytes('mirrorBat.auth', mirrorBat.auth, 1, MAX_BAT_AUTH_SIZE);
    }
    const log = new OpLog(
      [...operations],
      login === undefined ? undefined : { data: login.data, auth: copyBytes(login.auth) },
      mirrorBat === undefined ? undefined : { bat: mirrorBat.bat, auth: copyBytes(mirrorBat.auth) },
    );
    const size = log.encode().length;
    if (size > MAX_OP_LOG_SIZE) throw new LimitError('operation log', size, MAX_OP_LOG_SIZE);
    return log;
  }

  /**
   * Reads the map `{"ops", "login"?, "loginAuth"?, "b"?, "a"?}`. FormatError also for login data or a BAT without its signature, and
   * the other way round.
   */
  static fromCbor(value: CborValue, where = 'OpLog'): OpLog {
    const fields = CborFields.map('format.account', where, value);
    const operations = fields.list('ops').map((item, i) => {
      const path = `${fields.path('ops')}[${i}]`;
      // Only blocks say whether they are raw.
      return CborFields.map('format.account', path, item).has('r') ? BlockWrite.fromCbor(item, path) : PointerWrite.fromCbor(item, path);
    });
    const login = fields.optionalMap('login');
    const bat = fields.optionalMap('b');
    if (login === undefined && fields.has('loginAuth')) return fields.fail('login', 'is missing');
    if (bat === undefined && fields.has('a')) return fields.fail('b', 'is missing');
    return new OpLog(
      operations,
      login === undefined
        ? undefined
        : {
            data: LoginData.fromCbor(login, fields.path('login')),
            auth: boundedBytes(fields, 'loginAuth', SIGNATURE_SIZE, SIGNATURE_SIZE),
          },
      bat === undefined
        ? undefined
        : { bat: BatWithId.fromCbor(bat, fields.path('b')), auth: boundedBytes(fields, 'a', 1, MAX_BAT_AUTH_SIZE) },
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. LimitError beyond MAX_OP_LOG_SIZE. */
  static decode(bytes: Uint8Array): OpLog {
    assertBytes('bytes', bytes);
    if (bytes.length > MAX_OP_LOG_SIZE) throw new LimitError('operation log', bytes.length, MAX_OP_LOG_SIZE);
    return OpLog.fromCbor(decodeCbor(bytes));
  }

  /** Value equality. */
  equals(other: OpLog | undefined): boolean {
    return (
      other instanceof OpLog &&
      this.operations.length === other.operations.length &&
      this.operations.every((item, i) => item.equals(other.operations[i])) &&
      equalBytes(this.encode(), other.encode())
    );
  }

  /** The map `{"ops", "login"?, "loginAuth"?, "b"?, "a"?}`. */
  toCbor(): CborValue {
    return cborMap([
      ['a', this.mirrorBat?.auth],
      ['b', this.mirrorBat?.bat.toCbor()],
      ['ops', this.operations.map((item) => item.toCbor())],
      ['login', this.login?.data.toCbor()],
      ['loginAuth', this.login?.auth],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
