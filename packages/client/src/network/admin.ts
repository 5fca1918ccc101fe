import type { AllowedSignups, LabelledSignedSpaceRequest } from '@pyrgos/core/accounts';
import type { Cid } from '@pyrgos/core/codec';
import type { Signer } from '@pyrgos/core/keys';

/** The version of a server: its own word, printable text. */
export interface ServerVersion {
  /** `major.minor.patch[-suffix]`. */
  readonly version: string;
  /** Of the source; may be empty. */
  readonly source: string;
}

/** Administration of a server (chapter 02 section 12). */
export interface Admin {
  version(signal?: AbortSignal): Promise<ServerVersion>;
  /** Which kinds of sign-up are open. */
  signups(signal?: AbortSignal): Promise<AllowedSignups>;
  /** Puts an e-mail address on the waiting list; false when there is none, it is full, or the address is none. */
  joinWaitList(email: string, signal?: AbortSignal): Promise<boolean>;
  /** Space requests that wait for an answer; empty for everybody but administrators. Not verified. */
  pending(admin: Signer, instance: Cid, signal?: AbortSignal): Promise<readonly LabelledSignedSpaceRequest[]>;
  /** Grants a request. DeniedError `denied.admin`. */
  approve(request: LabelledSignedSpaceRequest, admin: Signer, instance: Cid, signal?: AbortSignal): Promise<boolean>;
}
