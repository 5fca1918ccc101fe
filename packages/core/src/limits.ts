/**
 * Every size, depth and count of the protocol and of Pyrgos' own defences, mirrored in LIMITS.md. Bytes unless said otherwise.
 * Each has a test at its value and one above.
 */

/** Largest block, raw or dag-cbor: 1 MiB of payload and 100 bytes of BAT prefix (chapter 01 section 2.9). */
export const MAX_BLOCK_SIZE = 1_048_676;
/** Deepest nesting of lists and maps that the CBOR decoder follows (chapter 01 section 2.5; ours). */
export const MAX_CBOR_DEPTH = 128;
/** Items (values, map keys, tags) that any CBOR may hold; see CBOR_BYTES_PER_ITEM for what larger CBOR may hold (chapter 01 section 2.5; ours). */
export const MAX_CBOR_ITEMS = 65_536;
/** Bytes of CBOR for each of which one item more than MAX_CBOR_ITEMS is allowed (chapter 01 section 2.5; ours). */
export const CBOR_BYTES_PER_ITEM = 16;
/** Largest plaintext of one file chunk (chapter 01 section 20). */
export const MAX_CHUNK_SIZE = 5_242_880;
/** Largest payload of one ciphertext fragment, without its BAT prefix (chapter 01 section 14.2). */
export const MAX_FRAGMENT_SIZE = 1_048_576;
/** Longest BAT prefix of a raw block (chapter 01 section 18.3). */
export const MAX_RAW_PREFIX_SIZE = 100;
/** BAT ids that one block may list; it has two at most, and a server tries every one on a read (chapter 01 section 18.3; ours). */
export const MAX_BLOCK_BATS = 16;
/** Longest identity digest that a reader accepts (chapter 01 section 4). */
export const MAX_IDENTITY_DIGEST_READ = 4112;
/** Longest identity digest that a writer creates (chapter 01 section 4). */
export const MAX_IDENTITY_DIGEST_WRITE = 36;
/** Longest text, in characters, that base conversions accept; base58 is quadratic (ours). */
export const MAX_MULTIBASE_LENGTH = 16_384;
/** Signed pointer updates longer than this are refused by servers (chapter 03 section 2.3). */
export const MAX_SIGNED_POINTER_SIZE = 147;
/** The largest sequence number of a pointer update (chapter 03 section 2.3). */
export const MAX_POINTER_SEQUENCE = 4_294_967_295;
/** A CHAMP level at or below this depth is never created (chapter 03 section 4.1). */
export const MAX_CHAMP_DEPTH = 32;
/** Longest CHAMP key that a reader accepts; the longest legitimate one is an inode of 255 UTF-16 units (ours). */
export const MAX_CHAMP_KEY_SIZE = 4096;
/** Lookup keys in one champ/get/bulk request (chapter 03 section 9.1). */
export const MAX_CHAMP_LOOKUPS = 20;
/** Longest path element of the public inode filesystem, in UTF-16 code units (chapter 03 section 8.1). */
export const MAX_INODE_NAME_LENGTH = 255;
/** Children of a public directory in list form (chapter 03 section 8.1). */
export const MAX_INODE_LIST_CHILDREN = 32;
/** Buffered bytes that make the write buffer flush (chapter 03 section 11.4). */
export const WRITE_BUFFER_FLUSH_SIZE = 20_971_520;
/** Largest scrypt memory parameter (log2 N) that a reader accepts from a peer; 2^20 with r 8 needs 1 GiB (ours). */
export const MAX_SCRYPT_LOG_N = 20;
/** Smallest scrypt memory parameter that a reader accepts (chapter 01 section 9.6). */
export const MIN_SCRYPT_LOG_N = 15;
/** Most memory, in bytes, that scrypt parameters from a peer may demand: 128 * N * r (ours). */
export const MAX_SCRYPT_MEMORY = 1_073_741_824;
/** Hardest proof of work that a client searches for; 2^32 hashes take hours (ours). */
export const MAX_PROOF_OF_WORK_SEARCH = 32;
/** Longest validity, in seconds, of a block read authorisation that a server accepts (chapter 01 section 18.7; ours). */
export const MAX_BLOCK_AUTH_SECONDS = 3600;
/** Seconds that the time stamp of a block read authorisation may lie in the future (chapter 01 section 18.7; ours). */
export const MAX_BLOCK_AUTH_AHEAD_SECONDS = 300;
/** Largest ciphertext of one data section; a full chunk needs 5,242,902 bytes (ours). */
export const MAX_SECTION_SIZE = 8_388_608;
/** Fragments of one data section that a reader accepts; older data has smaller ones than today's 1 MiB (ours). */
export const MAX_FRAGMENTS = 2048;
/** Leaves of a content hash tree: what three levels hold, 5 PiB of file (chapter 04 section 8.1). */
export const MAX_HASH_TREE_LEAVES = 1_073_741_824;
/** Longest name of a file or directory, in UTF-16 code units (chapter 04 section 1). */
export const MAX_FILE_NAME_LENGTH = 255;
/** Longest path, in UTF-16 code units (chapter 04 section 1). */
export const MAX_PATH_LENGTH = 4096;
/** Largest thumbnail (chapter 04 section 1). */
export const MAX_THUMBNAIL_SIZE = 102_400;
/** Largest file: what a content hash tree covers, 5 PiB (chapter 04 section 25). */
export const MAX_FILE_SIZE = 5_629_499_534_213_120;
/** Entries that a writer puts into one chunk of a directory; readers accept any number (chapter 04 section 1). */
export const MAX_CHILDREN_PER_CHUNK = 500;
/** Longest body of a MultiWriterCommit (chapter 03 section 2.5). */
export const MAX_MULTI_WRITER_COMMIT_SIZE = 1_048_576;
/** Writers that a walk over one user's ownership tree visits before it gives up (ours). */
export const MAX_OWNED_WRITERS = 100_000;
/** Blocks that one walk over reachable blocks visits before it gives up: 4 TiB of fragments (ours). */
export const MAX_REACHABLE_BLOCKS = 4_194_304;
/** Largest multiaddress in binary form; the longest legitimate ones hold an I2P destination (chapter 01 section 7; ours). */
export const MAX_MULTIADDR_SIZE = 1024;
/** Longest multiaddress text, in characters: eight for every byte of the binary form (chapter 01 section 7; ours). */
export const MAX_MULTIADDR_TEXT_LENGTH = 8192;
/** Longest header of a CAR file: about 25,000 roots (ours). */
export const MAX_CAR_HEADER_SIZE = 1_048_576;
/** Age in milliseconds up to which a pointer is used without asking the server again (chapter 03 section 13). */
export const POINTER_CACHE_MILLISECONDS = 7000;
/** Bytes of verified blocks that a client keeps in memory unless told otherwise (ours). */
export const BLOCK_CACHE_SIZE = 16_777_216;
/** Larger blocks are not kept in the verified block cache (chapter 03 section 13). */
export const MAX_CACHED_BLOCK_SIZE = 102_400;
/** Raw blocks below this size are uploaded in batches of their own (chapter 03 section 9.1). */
export const SMALL_RAW_BLOCK_SIZE = 102_400;
/** Raw blocks in one upload batch (chapter 03 section 9.1). */
export const MAX_RAW_BLOCKS_PER_BATCH = 50;
/** dag-cbor blocks in one upload batch, whose total stays within 1 MiB (chapter 03 section 11.5). */
export const MAX_CBOR_BLOCKS_PER_BATCH = 1000;
/** Bytes of dag-cbor blocks in one upload batch (chapter 03 section 11.5). */
export const MAX_CBOR_BATCH_SIZE = 1_048_576;
/** Upload batches in flight at a time (chapter 03 section 11.5). */
export const MAX_UPLOADS_IN_FLIGHT = 4;
/** Times that one flush merges a writer's change with what others committed meanwhile, before it reports a conflict (ours). */
export const MAX_MERGES_PER_FLUSH = 5;
/** Most bytes of blocks in one answer to a champ lookup; the rest is left out, and clients fetch it (chapter 03 section 10.2; ours). */
export const MAX_CHAMP_ANSWER_SIZE = 33_554_432;
/** Longest username that a reader accepts; usernames are ASCII (chapter 05 section 2). */
export const MAX_USERNAME_SIZE = 64;
/** Longest expiry date of a username claim, in characters (chapter 05 section 16.1). */
export const MAX_CLAIM_EXPIRY_SIZE = 16;
/** Longest storage provider, a binary CID, of a username claim (chapter 05 section 16.1). */
export const MAX_CLAIM_PROVIDER_SIZE = 100;
/** Storage providers of one username claim that a reader accepts; more than one is never valid (ours). */
export const MAX_CLAIM_PROVIDERS = 16;
/** Links of one username chain; each costs two signature checks (ours). */
export const MAX_CHAIN_LINKS = 1000;
/** Longest operation log of a sign-up (chapter 05 section 12.2). */
export const MAX_OP_LOG_SIZE = 65_536;
/** Longest login data of one account (chapter 05 section 6). */
export const MAX_LOGIN_DATA_SIZE = 16_384;
/** Longest name of a second factor, in UTF-16 code units (chapter 05 section 15.1). */
export const MAX_MFA_NAME_LENGTH = 32;
/** Longest credential id of a second factor (chapter 05 section 15.6). */
export const MAX_CREDENTIAL_ID_SIZE = 1023;
/** Longest response to a request for a second factor (chapter 05 section 6). */
export const MAX_MFA_RESPONSE_SIZE = 2048;
/** Longest code that answers a request for a second factor, in UTF-16 code units (ours). */
export const MAX_MFA_CODE_LENGTH = 128;
/** Second factors in one request or list that a reader accepts; servers allow 10 and some backup codes (ours). */
export const MAX_MFA_METHODS = 100;
/** Longest payment proof of a space request (chapter 05 section 22.2). */
export const MAX_PAYMENT_PROOF_SIZE = 4096;
/** Longest signed space request (chapter 05 section 12.7). */
export const MAX_SIGNED_SPACE_REQUEST_SIZE = 65_536;
/** Longest text in payment properties, in UTF-16 code units (ours). */
export const MAX_PAYMENT_TEXT_LENGTH = 4096;
/** Longest text of an operator message, in UTF-16 code units (chapter 07 section 20.1). */
export const MAX_SERVER_MESSAGE_LENGTH = 4096;
/** Longest follow request (chapter 06 section 3.3). */
export const MAX_FOLLOW_REQUEST_SIZE = 4096;
/** Blocks in one request for pre-signed reads or writes (chapter 02 section 5). */
export const MAX_AUTHORISED_BLOCKS = 50;
/** Pointers that one session has watched by its server in one request (chapter 02 section 24; ours). */
export const MAX_WATCHED_POINTERS = 500;
/** Seconds after which a request that watches is answered although nothing has changed, so that no proxy cuts it off (chapter 02 section 24; ours). */
export const MAX_WATCH_SECONDS = 45;
/** Longest pre-signed URL, in characters, and longest value of one of its headers (ours). */
export const MAX_PRESIGNED_URL_LENGTH = 8192;
/** Headers of one pre-signed request that a reader accepts (ours). */
export const MAX_PRESIGNED_HEADERS = 32;
/** Longest IPNS record (chapter 08 section 9.2). */
export const MAX_IPNS_RECORD_SIZE = 10_240;
/** Bytes of parsed nodes and opened child lists that a client keeps in memory unless told otherwise (ours). */
export const NODE_CACHE_SIZE = 12_582_912;
/** Bytes of packed child lists, and of what was shown of their items, that a client keeps in memory unless told otherwise: some 25,000 items (ours). */
export const LISTING_CACHE_SIZE = 25_165_824;
/** Link nodes in a row that a reader follows; there is never more than one (chapter 04 section 10; ours). */
export const MAX_LINK_NODES = 16;
/** Chunks of one directory that a reader follows: two million children (chapter 04 section 9.2; ours). */
export const MAX_DIRECTORY_CHUNKS = 4096;
/** Parent links that a reader follows on the way to the root; a path has at most 2,048 names (chapter 04 section 10; ours). */
export const MAX_PARENT_LINKS = 2048;
/** Most bytes that one call reads into memory; larger ranges are streamed (ours). */
export const MAX_READ_SIZE = 268_435_456;
/** Requests to one server that a client has in flight; more wait in line (chapter 02 section 19.1). */
export const MAX_CLIENT_REQUESTS = 50;
/** Blocks in one upload request; their bytes stay within MAX_BLOCK_SIZE (chapter 02 section 5.4; ours). */
export const MAX_BLOCKS_PER_PUT = 1000;
/** Upload requests of one call in flight at a time (ours). */
export const MAX_PUTS_IN_FLIGHT = 4;
/** Answers up to this size never wait for memory (ours). */
export const SMALL_ANSWER_SIZE = 2_097_152;
/** Larger answers that a client receives at a time; the others wait (ours). */
export const MAX_LARGE_ANSWERS = 2;
/** Largest answer of lists of factors, BATs, messages, requests and the like (ours). */
export const MAX_LIST_ANSWER_SIZE = 1_048_576;
/** Largest chain of claims in an answer (chapter 02 section 8). */
export const MAX_CHAIN_ANSWER_SIZE = 4_194_304;
/** Largest list of all usernames of a server, unpacked: about a million names (ours). */
export const MAX_USERNAMES_ANSWER_SIZE = 16_777_216;
/** Largest answer with snapshots of accounts (ours). */
export const MAX_SNAPSHOT_ANSWER_SIZE = 33_554_432;
/** Largest answer that is a small record or a short text (ours). */
export const MAX_RECORD_ANSWER_SIZE = 65_536;
/** Ids of one server, present and past, that a client accepts (ours). */
export const MAX_SERVER_IDS = 1000;
/** Characters of a server's own words that an error shows (ours). */
export const MAX_SERVER_TEXT_LENGTH = 200;
/** Milliseconds that a request may take, beside one for every TRANSFER_BYTES_PER_MILLISECOND bytes (chapter 02 section 19.1; ours). */
export const CALL_TIMEOUT = 60_000;
/** Milliseconds until a connection has to be there; nothing was sent before (ours). */
export const CONNECT_TIMEOUT = 10_000;
/** Slowest transfer, in bytes per millisecond, that the time-out of a request allows for (chapter 02 section 19.1). */
export const TRANSFER_BYTES_PER_MILLISECOND = 50;
/** Milliseconds without a byte of an answer that has begun, after which it is given up; twice that at most (ours). */
export const ANSWER_IDLE_TIMEOUT = 30_000;
/** Milliseconds after its last answer in which a server that refuses connections is taken for one that restarts (ours). */
export const RESTART_PATIENCE = 60_000;
/** Fewest characters of a new password of an account (ours). */
export const MIN_ACCOUNT_PASSWORD_LENGTH = 12;
/** Fewest characters of a password that people put on a secret link (ours). */
export const MIN_LINK_PASSWORD_LENGTH = 8;
/** Longest new password, in UTF-16 code units (ours). */
export const MAX_PASSWORD_LENGTH = 1024;
/** Cheapest scrypt (log2 N) that a client logs in with; less would sell guesses at the password cheaply (chapter 05 section 3.1). */
export const MIN_LOGIN_SCRYPT_LOG_N = 17;
/** Largest file of pinned keys: some 50,000 users (ours). */
export const MAX_KEY_STORE_SIZE = 16_777_216;
/** Largest file of annotations of friends: some 50,000 of them (ours). */
export const MAX_FRIEND_ANNOTATIONS_SIZE = 8_388_608;
/** Largest session of a user who stays logged in (ours). */
export const MAX_SEALED_SESSION_SIZE = 65_536;
/** Longest key of a value that a client keeps on its device, in UTF-16 code units (ours). */
export const MAX_LOCAL_KEY_LENGTH = 512;
/** Largest value that a client keeps on its device, in bytes (ours). */
export const MAX_LOCAL_VALUE_SIZE = 16_777_216;
/** Milliseconds for which a server that could not be reached is not tried again while there is a remembered answer (chapter 05 section 11). */
export const OFFLINE_MILLISECONDS = 10_000;
/** Milliseconds for which a server is waited for while there is a remembered answer (ours). */
export const OFFLINE_PATIENCE = 5000;
/** Longest post with an identity proof, a URL in it counted as 23 characters (chapter 05 section 20). */
export const MAX_POST_LENGTH = 280;
/** Longest name of a service, or of an account on one, in an identity proof (ours). */
export const MAX_IDENTITY_NAME_LENGTH = 280;
/** Times that a client sends a proof of work before it gives up (chapter 05 section 25). */
export const MAX_PROOF_ATTEMPTS = 3;
/** Largest record in a stream of them: a capability, an entry point, an item of a feed (chapter 06 section 8.1; ours). */
export const MAX_SOCIAL_RECORD_SIZE = 65_536;
/** Records that one call reads from a stream of them; the next call goes on from there (ours). */
export const MAX_SOCIAL_RECORDS = 65_536;
/** Follow requests of a user that may wait for an answer (ours). */
export const MAX_PENDING_FOLLOWS = 10_000;
/** Largest file of blocked users (ours). */
export const MAX_BLOCKED_USERNAMES_SIZE = 1_048_576;
/** Groups of one user that a reader accepts; there are two (chapter 06 section 6; ours). */
export const MAX_GROUPS = 1000;
/** Longest name of a group, in UTF-16 code units (ours). */
export const MAX_GROUP_NAME_LENGTH = 255;
/** Folders of groups of friends that a reader accepts: two for each of 5,000 friends (ours). */
export const MAX_FRIENDS_GROUPS = 10_000;
/** Names in the path of something that others share, the owner's and its own included (ours). */
export const MAX_SHARED_DEPTH = 128;
/** Folders of groups of one friend that are followed; a user has two groups (chapter 06 section 6; ours). */
export const MAX_GROUPS_OF_FRIEND = 32;
/** Largest file with one record of sharing or of received capabilities (ours). */
export const MAX_SOCIAL_FILE_SIZE = 16_777_216;
/** Longest password in a secret link, in UTF-16 code units; a new one has 12 (chapter 06 section 11.1; ours). */
export const MAX_LINK_PASSWORD_LENGTH = 256;
/** Longest text of a link, in UTF-16 code units (ours). */
export const MAX_LINK_TEXT_LENGTH = 16_384;
/** Bytes of the items of a feed: some 200,000 of them. */
export const MAX_FEED_SIZE = 67_108_864;
/** Items of one friend that the feed takes in (ours). */
export const MAX_FEED_ITEMS_OF_FRIEND = 20_000;
/** Comments of one user on one post that its author's client adds to it (ours). */
export const MAX_COMMENTS_OF_USER = 100;
/** Items of the feed, or comments, that one page has at most (ours). */
export const MAX_FEED_PAGE = 200;
/** Files that a new post shows. */
export const MAX_POST_MEDIA = 100;
/** Largest post with its comments and older versions (ours). */
export const MAX_SOCIAL_POST_SIZE = 4_194_304;
/** Largest text of a profile that a reader accepts (ours). */
export const MAX_PROFILE_TEXT_SIZE = 16_384;
/** Bytes of the small picture of a profile, read or written. */
export const MAX_PROFILE_PICTURE_SIZE = 2_097_152;
/** Longest first or last name in a profile that is written, in UTF-16 code units (chapter 06 section 14). */
export const MAX_PROFILE_NAME_LENGTH = 25;
/** Longest text about a user in a profile that is written, in UTF-16 code units (chapter 06 section 14). */
export const MAX_PROFILE_BIO_LENGTH = 200;
/** Longest status in a profile that is written, in UTF-16 code units (chapter 06 section 14). */
export const MAX_PROFILE_STATUS_LENGTH = 50;
/** Longest telephone number in a profile that is written, in UTF-16 code units (chapter 06 section 14). */
export const MAX_PROFILE_PHONE_LENGTH = 20;
/** Longest e-mail address in a profile that is written, in UTF-16 code units (chapter 06 section 14). */
export const MAX_PROFILE_EMAIL_LENGTH = 50;
/** Longest path of a web site in a profile that is written, in UTF-16 code units (chapter 06 section 14). */
export const MAX_PROFILE_WEBROOT_LENGTH = 40;
/** Largest file with the headers of a web site that is looked at (chapter 06 section 13.5). */
export const MAX_SITE_HEADERS_SIZE = 1024;
/** Longest id of a member of a chat: invitations from the creator on (chapter 07 section 3.4; ours). */
export const MAX_CHAT_MEMBER_ID_LENGTH = 64;
/** Members in the clock of one message, or of one copy of a chat (chapter 07 section 3.5; ours). */
export const MAX_CHAT_CLOCK_ENTRIES = 2048;
/** Longest message of a chat with its signature: less than one chunk (chapter 07 section 5.1). */
export const MAX_CHAT_MESSAGE_SIZE = 5_242_879;
/** Messages that one message names as the ones before it; others name one at most (chapter 07 section 4.2; ours). */
export const MAX_CHAT_PREVIOUS = 16;
/** Texts and files in one message of a chat (ours). */
export const MAX_CHAT_BODY_ITEMS = 256;
/** Newest messages in the state of a chat (chapter 07 section 3.7). */
export const MAX_CHAT_RECENT = 10;
/** Bytes of the newest messages in the state of a chat that is written; longer ones are in the log only (ours). */
export const MAX_CHAT_RECENT_SIZE = 16_384;
/** Members of a chat, past ones included, that an invitation may make it have (ours). */
export const MAX_CHAT_MEMBERS = 1000;
/** Properties of a chat, three of which can only be its admins, title and picture (ours). */
export const MAX_CHAT_PROPERTIES = 64;
/** UTF-16 code units of all properties of a chat, keys and values: pictures are among them (ours). */
export const MAX_CHAT_PROPERTIES_LENGTH = 1_048_576;
/** UTF-16 code units of that, key and value, that only the admins of a chat can have (ours). */
export const MAX_CHAT_RESERVED_ADMINS = 65_536;
/** The same for its title (ours). */
export const MAX_CHAT_RESERVED_TITLE = 4096;
/** The same for its picture (ours). */
export const MAX_CHAT_RESERVED_ICON = 393_216;
/** CBOR items of the members, the clock and the properties of a chat, so that its state can always be written (ours). */
export const MAX_CHAT_STATE_ITEMS = 40_000;
/** Values of one property that were set at the same time and may still win (chapter 07 section 7.3; ours). */
export const MAX_CHAT_CONTENDERS = 16;
/** Bytes of such values of the title, the picture or the admins of a chat (ours). */
export const MAX_CHAT_CONTENDERS_SIZE = 524_288;
/** Bytes of such values of any other property of a chat (ours). */
export const MAX_CHAT_OTHER_CONTENDERS_SIZE = 32_768;
/** Members who have removed the same one that are remembered with it (chapter 07 section 7.3; ours). */
export const MAX_CHAT_REMOVERS = 16;
/** Ids in a clock that belong to nobody known here: whom removed members have invited (chapter 07 section 7.2; ours). */
export const MAX_CHAT_UNKNOWN_IDS = 64;
/** Messages of one author that may be missing before one that is accepted (chapter 07 section 7.2; ours). */
export const MAX_CHAT_GAP = 65_536;
/** Messages of the own log that are looked through for the one that somebody who joins has seen; in a longer log everybody joins who says so (chapter 07 section 7.3; ours). */
export const MAX_CHAT_HISTORY = 65_536;
/** Bytes of such messages (ours). */
export const MAX_CHAT_HISTORY_SIZE = 67_108_864;
/** Invitations by one author, under names that are not those of the invited, that one pull looks up; the next one goes on from there (chapter 07 section 7.3; ours). */
export const MAX_CHAT_STRANGERS = 64;
/** Messages of one log that one pull reads; the next one goes on from there (ours). */
export const MAX_CHAT_PULL = 20_000;
/** Bytes of the log of somebody else in which one look finds out where messages begin, up to the end of a chunk; the next one goes on from there (ours). */
export const MAX_CHAT_LOOK_SIZE = 62_914_560;
/** Largest state of a chat that a reader accepts: other clients keep ten messages of any length in it (ours). */
export const MAX_CHAT_STATE_SIZE = 67_108_864;
/** Largest state of a chat by which an invitation into it is found: that of an ordinary chat has some kilobytes (ours). */
export const MAX_CHAT_INVITATION_SIZE = 5_242_880;
/** Bytes of such states that are read of one friend at a time; the next look goes on from there (ours). */
export const MAX_CHAT_INVITATIONS_READ = 10_485_760;
/** Longest id of a chat, which is the name of a folder, in characters (chapter 07 section 3.3). */
export const MAX_CHAT_ID_SIZE = 255;
/** Names below the media folder of a chat: folders and the file itself; there are three (chapter 07 section 8.2; ours). */
export const MAX_CHAT_MEDIA_DEPTH = 16;
/** Files of one message of a chat that are sent, shown, and copied (ours). */
export const MAX_CHAT_ATTACHMENTS = 100;
/** Longest text of a message of a chat that the web app lets somebody write, in UTF-16 code units: as other clients do (chapter 07 section 9.4). Longer ones are shown. */
export const MAX_CHAT_TEXT_LENGTH = 2000;
/** Longest title of a chat that is set, in UTF-16 code units (ours). */
export const MAX_CHAT_TITLE_LENGTH = 256;
/** Largest picture of a chat that is set, and shown: it is part of the state of every copy (ours). */
export const MAX_CHAT_ICON_SIZE = 262_144;
/** Largest file of a message that is copied into the own space (chapter 07 section 8.3; ours). */
export const MAX_CHAT_MIRROR_SIZE = 1_073_741_824;
/** Bytes of the files of one message that are copied into the own space (chapter 07 section 8.3; ours). */
export const MAX_CHAT_MIRROR_MESSAGE_SIZE = 2_147_483_648;
/** Bytes of the files of one author that are copied into the own space in one chat (chapter 07 section 8.3; ours). */
export const MAX_CHAT_MIRROR_AUTHOR_SIZE = 4_294_967_296;
/** Bytes of the files of one chat that are copied into the own space (chapter 07 section 8.3; ours). */
export const MAX_CHAT_MIRROR_CHAT_SIZE = 17_179_869_184;
/** Files of a chat that wait for being copied into the own space (ours). */
export const MAX_CHAT_MIRROR_PENDING = 1000;
/** Percent of the quota of an account that are in use at most after a file of a message was copied (ours). */
export const MAX_CHAT_MIRROR_QUOTA = 80;
/** Percent of the quota of an account that are in use at most after long or many messages of others were taken (ours). */
export const MAX_CHAT_MERGE_QUOTA = 90;
/** Bytes of messages of one author that are taken in a day however full the account is, as long as they fit (ours). */
export const MAX_CHAT_MERGE_UNASKED_SIZE = 262_144;
/** Bytes of messages of one author that are taken in a day, unless one of them alone has more (ours). */
export const MAX_CHAT_MERGE_AUTHOR_SIZE = 67_108_864;
/** The same in percent of the quota of the account: no author uses up what it may upload in a day (ours). */
export const MAX_CHAT_MERGE_AUTHOR_QUOTA = 20;
/** Largest own copy of a file of a message that is read and compared with its hash before it is opened; of a larger one the file of its author is tried first (ours). */
export const MAX_CHAT_CHECKED_SIZE = 33_554_432;
/** Bytes of the messages that stand in the copy of a chat for those of the inviter's log that are refused (chapter 07 section 6.5; ours). */
export const MAX_CHAT_COPY_FILL = 1_048_576;
/** Largest log of a chat that is copied to join it (chapter 07 section 6.5; ours). */
export const MAX_CHAT_COPY_SIZE = 536_870_912;
/** Messages in one page of a chat (ours). */
export const MAX_CHAT_PAGE = 200;
/** Bytes of messages after which a page of a chat ends, however few they are (ours). */
export const MAX_CHAT_PAGE_SIZE = 4_194_304;
/** Longest text that is looked for in a chat, in UTF-16 code units (ours). */
export const MAX_CHAT_SEARCH_LENGTH = 1000;
/** Unread messages of a chat that are counted; there may be more (ours). */
export const MAX_CHAT_UNREAD = 1000;
