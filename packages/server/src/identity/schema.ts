/**
 * The ids under which this server is and was known (chapter 08 section 3: `serverids`), oldest first. `peerid`: binary CID; `private`: libp2p
 * protobuf of the key, where we have it; `record`: the protobuf of its IPNS record; `is_listed`: whether `ids` names it. An imported server may have
 * listed ids without key, and records of ids that it does not list.
 */
export const identitySchema: readonly string[] = [
  `CREATE TABLE serverids (
    id INTEGER PRIMARY KEY,
    peerid BLOB NOT NULL UNIQUE,
    private BLOB,
    record BLOB,
    is_listed INTEGER NOT NULL
  ) STRICT`,
];
