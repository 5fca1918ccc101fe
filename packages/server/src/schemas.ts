import { accountsSchema } from './accounts/schema.js';
import { adminSchema } from './admin/schema.js';
import { batsSchema } from './bats/schema.js';
import { blocksSchema } from './blocks/schema.js';
import { gcSchema } from './gc/schema.js';
import { identitySchema } from './identity/schema.js';
import { linksSchema } from './links/schema.js';
import { messagesSchema } from './messages/schema.js';
import { pkiSchema } from './pki/schema.js';
import { socialSchema } from './social/schema.js';
import { spaceSchema } from './space/schema.js';

/** The tables of all areas: what the database of a data directory holds. */
export const schemas: readonly (readonly string[])[] = [
  accountsSchema,
  adminSchema,
  batsSchema,
  blocksSchema,
  gcSchema,
  identitySchema,
  linksSchema,
  messagesSchema,
  pkiSchema,
  socialSchema,
  spaceSchema,
];
