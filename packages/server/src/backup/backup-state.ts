import { assertWireUsername, BlindFollowRequest, decodeChain, type UserPublicKeyLink } from '@pyrgos/core/accounts';
import { isWellFormed } from '@pyrgos/core/bytes';
import { Cid, CidCodec, decodeBase64, decodeMultihash, parseCid } from '@pyrgos/core/codec';
import { PyrgosError } from '@pyrgos/core/errors';
import { Bat, BatId, BatWithId, PublicKeyHash } from '@pyrgos/core/keys';
import { z } from 'zod';
import { MAX_MISSING_BLOCKS } from '../limits.js';
import type { ProblemList } from './problem-list.js';

/** The `format` of state.json. Readers ignore members that they do not know. */
export const BACKUP_FORMAT = 'peergos-golden-state-1';
/** The file with everything that is not a block. */
export const STATE_FILE = 'state.json';
/** The file with the blocks: CARv1. */
export const BLOCKS_FILE = 'blocks.car';

/** What `state.json` says, read and checked for form. Account rows are read by the accounts' own parsers. */
export interface BackupState {
  readonly server: { readonly ids: { readonly IDS: readonly Cid[] } };
  readonly pki: {
    readonly peergosIdentity: PublicKeyHash;
    readonly pkiKeyHash: PublicKeyHash;
    readonly peergosPassword: string;
    readonly pkiPublicKeyFile: Uint8Array;
    readonly pkiSecretKeyFile: Uint8Array;
    readonly pkiSecretKeyFilePassword: string;
    readonly treeRoot: Cid;
    readonly chains: ReadonlyMap<string, readonly UserPublicKeyLink[]>;
  };
  readonly owners: readonly {
    readonly username: string;
    readonly identity: PublicKeyHash;
    readonly missing: readonly Cid[];
    readonly writers: readonly {
      readonly writer: PublicKeyHash;
      readonly signedPointer: Uint8Array;
      readonly target?: Cid | null | undefined;
    }[];
  }[];
  readonly login: readonly unknown[];
  readonly pendingLogin: readonly unknown[];
  readonly mfa: readonly unknown[];
  readonly bats: readonly { readonly username: string; readonly bat: BatWithId }[];
  readonly followRequests: readonly { readonly ownerUsername: string; readonly request: BlindFollowRequest }[];
  readonly linkCounts: readonly {
    readonly username: string;
    readonly label: bigint;
    readonly count: number;
    readonly modifiedEpochSeconds: number;
  }[];
  readonly quotas: readonly { readonly username: string; readonly bytes: number }[];
  readonly signupTokens: readonly { readonly token: string; readonly createdMillis: number }[];
  readonly spaceRequests: readonly { readonly username: string; readonly signedRequest: Uint8Array }[];
  readonly usage: readonly { readonly username: string; readonly totalBytes: number; readonly errored: boolean }[];
  readonly serverIdentities: readonly {
    readonly peerId: Cid;
    readonly privateKey?: Uint8Array | null | undefined;
    readonly record?: Uint8Array | null | undefined;
  }[];
  readonly serverMessages: readonly {
    readonly username: string;
    readonly id: number;
    readonly type: number;
    readonly sent: number;
    readonly received?: number | undefined;
    readonly body: string;
    readonly replyTo?: number | null | undefined;
    readonly dismissed: boolean;
  }[];
  readonly blocks: { readonly count: number; readonly bytes: number };
}

/** Turns a parser of ours into a step of the schema: its error becomes a problem at that place, with the error's text. */
function parsed<T>(parse: (text: string) => T): z.ZodType<T, string> {
  return z.string().transform((text, context) => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof PyrgosError)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
      return z.NEVER;
    }
  });
}

const base64 = (): z.ZodType<Uint8Array, string> => parsed((text) => decodeBase64(text));
const cid = (): z.ZodType<Cid, string> => parsed(parseCid);
const keyHash = (): z.ZodType<PublicKeyHash, string> => parsed((text) => PublicKeyHash.parse(text));
const integer = (): z.ZodType<number, number> => z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const username = (): z.ZodType<string, string> =>
  parsed((text) => {
    assertWireUsername('username', text);
    return text;
  });
const labelText: z.ZodType<bigint> = z.union([
  z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).transform(BigInt),
  z
    .string()
    .regex(/^\d{1,19}$/)
    .transform(BigInt),
]);

const signupToken = z.union([
  z.string().transform((token) => ({ token, createdMillis: 0 })),
  z.object({ token: z.string(), createdMillis: integer() }),
]);

const stateSchema: z.ZodType<BackupState> = z.object({
  format: z.literal(BACKUP_FORMAT),
  dumpedAt: z.string().max(40).optional(),
  server: z.object({
    version: z.string().max(100).optional(),
    ids: z.object({ IDS: z.array(cid()).min(1) }),
  }),
  pki: z.object({
    peergosIdentity: keyHash(),
    pkiKeyHash: keyHash(),
    peergosPassword: z.string(),
    pkiPublicKeyFile: base64(),
    pkiSecretKeyFile: base64(),
    pkiSecretKeyFilePassword: z.string(),
    treeRoot: cid(),
    chains: z
      .record(z.string(), z.string())
      .transform((chains) => new Map(Object.entries(chains)))
      .pipe(
        z.map(
          username(),
          parsed((text): readonly UserPublicKeyLink[] => decodeChain(decodeBase64(text))),
        ),
      ),
  }),
  owners: z.array(
    z.object({
      username: username(),
      identity: keyHash(),
      missing: z.array(cid()).max(MAX_MISSING_BLOCKS).default([]),
      writers: z.array(z.object({ writer: keyHash(), signedPointer: base64(), target: cid().nullish() })),
    }),
  ),
  login: z.array(z.unknown()),
  pendingLogin: z.array(z.unknown()).default([]),
  mfa: z.array(z.unknown()),
  bats: z.array(
    z.object({ username: username(), idCbor: base64(), batCbor: base64() }).transform((row, context) => {
      try {
        return { username: row.username, bat: BatWithId.of(Bat.decode(row.batCbor), BatId.decode(row.idCbor)) };
      } catch (error) {
        if (!(error instanceof PyrgosError)) throw error;
        context.addIssue({ code: 'custom', message: error.message });
        return z.NEVER;
      }
    }),
  ),
  followRequests: z.array(
    z.object({ ownerUsername: username(), request: parsed((text) => BlindFollowRequest.decode(decodeBase64(text))) }),
  ),
  linkCounts: z.array(z.object({ username: username(), label: labelText, count: integer(), modifiedEpochSeconds: integer() })),
  quotas: z.array(z.object({ username: username(), bytes: integer() })),
  signupTokens: z.array(signupToken),
  spaceRequests: z.array(z.object({ username: username(), signedRequest: base64() })),
  usage: z.array(z.object({ username: username(), totalBytes: integer(), errored: z.boolean() })).default([]),
  serverIdentities: z.array(
    z.object({
      peerId: parsed((text) => Cid.v1(CidCodec.libp2pKey, decodeMultihash(decodeBase64(text)))),
      privateKey: base64().nullish(),
      record: base64().nullish(),
    }),
  ),
  serverMessages: z
    .array(
      z.object({
        username: username(),
        id: integer(),
        type: z.number().int().min(1).max(2),
        sent: integer(),
        received: integer().optional(),
        body: z.string().max(4096).refine(isWellFormed),
        replyTo: integer().nullish(),
        dismissed: z.boolean(),
      }),
    )
    .default([]),
  blocks: z.object({ count: integer(), bytes: integer() }),
});

/**
 * Reads a parsed state.json; every problem of form goes into `problems`, and then the result is undefined. Cross references are not looked at.
 */
export function readBackupState(json: unknown, problems: ProblemList): BackupState | undefined {
  const result = stateSchema.safeParse(json);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    problems.add([STATE_FILE, ...issue.path.map(String)].join('.').slice(0, 200), issue.message);
  }
  return undefined;
}
