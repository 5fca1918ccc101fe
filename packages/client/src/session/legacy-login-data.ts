import type { UserStaticData } from '@pyrgos/core/accounts';
import type { CborValue } from '@pyrgos/core/codec';
import { WriterData } from '@pyrgos/core/model';

/**
 * The identity's data of a legacy account with other login data in it (chapter 05 section 1.2). Writing this field is legacy, but such an
 * account has no other place for its keys.
 */
export function withLegacyLoginData(writerData: WriterData, sealed: UserStaticData): WriterData {
  const map = new Map(writerData.toCbor() as ReadonlyMap<string, CborValue>);
  map.set('static', sealed.toCbor());
  return WriterData.fromCbor(map);
}
