/**
 * Every size, count and time limit of the server beside those of `@pyrgos/core/limits`, mirrored in LIMITS.md. Bytes unless said otherwise.
 */

/** Prepared statements that a database connection keeps. */
export const SQL_STATEMENT_CACHE_SIZE = 256;
/** Statements that wrote after which the log of the database is copied into it: some 10 ms of work and a sync beside it (ours). */
export const SQL_WRITES_PER_CHECKPOINT = 2048;
/** The same while the disk is nearly full or small (ours). */
export const SQL_WRITES_PER_CHECKPOINT_FULL_DISK = 64;
/** Statements that wrote up to which what is left of the log may be copied and synced while everything else waits (ours). */
export const SMALL_SQL_CHECKPOINT = 16;
/** Statements that wrote since the log began after which writers wait until it is copied, about 64 MiB (ours). */
export const MAX_SQL_LOG_WRITES = 16_384;
/** The same while the disk is nearly full or small (ours). */
export const MAX_SQL_LOG_WRITES_FULL_DISK = 512;

// ---- HTTP front end (chapter 02; http/) ----

/** Largest request line and header of a request: 20 CHAMP caps need 4 KiB, and 8 KiB must be accepted (chapter 02 section 2.2; ours). */
export const MAX_REQUEST_HEADER_SIZE = 32_768;
/** Milliseconds that a client has to send its headers; chapter 02 section 1.1 gives a whole request 60 s (ours). */
export const REQUEST_HEADERS_TIMEOUT = 20_000;
/** The same when connections become scarce: then those that have waited longest are closed (ours). */
export const SCARCE_HEADERS_TIMEOUT = 5000;
/** Milliseconds that a client has to send a whole request (chapter 02 section 1.1). */
export const REQUEST_TIMEOUT = 60_000;
/** Milliseconds from the arrival of a request to the end of its answer (chapter 02 section 1.1). */
export const RESPONSE_TIMEOUT = 600_000;
/** Milliseconds that an idle connection is kept (ours). */
export const KEEP_ALIVE_TIMEOUT = 65_000;
/** Requests in flight whose body has arrived; more are answered 503 (chapter 02 section 1.1). */
export const MAX_REQUESTS_IN_FLIGHT = 1000;
/** Requests of one connection that wait behind the one that is answered; for one more the connection is closed (ours). */
export const MAX_PIPELINED_REQUESTS = 128;
/** As many of them wait when nothing more is read from the connection (ours). */
export const MAX_READ_AHEAD_REQUESTS = 4;
/** Request bodies under way; for one more, the one that has been silent for longest is answered 503 (ours). */
export const MAX_BODIES_UNDER_WAY = 1024;
/** Open connections; more are closed at once (ours). */
export const MAX_CONNECTIONS = 2048;
/** Connections of one address, or of one IPv6 network, on which no request has arrived yet; the oldest gives way (ours). */
export const MAX_UNFINISHED_PER_ADDRESS = 1024;
/** Connections that wait to be accepted (chapter 02 section 1.1). */
export const CONNECTION_BACKLOG = 500;
/** Memory of uploads of known writers in flight, beyond SMALL_BODY_SIZE each; more wait in line (ours). */
export const UPLOAD_MEMORY = 50_331_648;
/** The same of all other request bodies (ours). */
export const STRANGERS_UPLOAD_MEMORY = 16_777_216;
/** Largest of those: a commit of many pointers (chapter 02 section 7). */
export const MAX_STRANGERS_BODY_SIZE = 1_048_576;
/** Bodies of either kind at a time that get the memory that they need whatever others hold, at most half of them from one address (ours). */
export const UPLOAD_LANES = 4;
/** Memory of large answers in flight; more wait in line (ours). */
export const DOWNLOAD_MEMORY = 134_217_728;
/** Request bodies up to this size never wait for memory (ours). */
export const SMALL_BODY_SIZE = 65_536;
/** Milliseconds that a slow client may hold memory for which others wait (ours). */
export const BODY_MEMORY_PATIENCE = 15_000;
/** The same for request bodies when many wait (ours). */
export const LEAST_BODY_MEMORY_PATIENCE = 2000;
/** Bytes of a request body that have to arrive within that time (ours). */
export const LEAST_BODY_PROGRESS = 16_384;
/** Largest answer of a CHAMP lookup, for which memory is set aside before anything is read; clients fetch the rest (ours). */
export const CHAMP_ANSWER_MEMORY = 4_194_304;
/** Largest value of the header that carries an error text (chapter 02 section 2.4; ours). */
export const MAX_ERROR_HEADER_SIZE = 4096;
/** Largest body of block/put and block/put/bulk: the blocks, their signatures and what is around them (chapter 02 section 5; ours). */
export const MAX_PUT_BODY_SIZE = 4_194_704;
/** Largest body of setPointer (chapter 02 section 7). */
export const MAX_POINTER_BODY_SIZE = 1024;
/** Largest text in a data stream (chapter 02 section 8). */
export const MAX_STREAM_TEXT = 1024;
/** Largest chain of claims that core calls carry: more than the 1000 links that a chain may have take; the reference allows 4 MiB (chapter 02 section 8; ours). */
export const MAX_CHAIN_SIZE = 524_288;
/** Largest single claim of a sign-up; one with all storage providers takes 2 KiB, and the reference allows 4 MiB (chapter 02 section 8; ours). */
export const MAX_CLAIM_SIZE = 16_384;
/** Largest operation log of a sign-up (chapter 02 section 8). */
export const MAX_OP_LOG_SIZE = 65_536;
/** Largest proof of work (chapter 02 section 8). */
export const MAX_PROOF_SIZE = 100;
/** Largest encoded key hash that getUsername takes (chapter 02 section 8; the reference allows 1 MiB). */
export const MAX_KEY_HASH_SIZE = 8192;
/** Largest body of followRequest (chapter 02 section 9). */
export const MAX_FOLLOW_REQUEST_BODY_SIZE = 4096;
/** Largest body of removeFollowRequest: a signature and a request; the reference stops at 4096 in all (chapter 02 section 9). */
export const MAX_SIGNED_FOLLOW_REQUEST_BODY_SIZE = 4160;
/** Largest signed time in a data stream (chapter 02 section 8). */
export const MAX_SIGNED_TIME_FRAME = 4096;
/** Largest body of setLogin (chapter 02 section 10). */
export const MAX_LOGIN_BODY_SIZE = 16_384;
/** Largest body of registerWebauthnComplete (chapter 02 section 10). */
export const MAX_WEBAUTHN_BODY_SIZE = 2048;
/** Largest body of server-message/send (chapter 02 section 13). */
export const MAX_SERVER_MESSAGE_BODY_SIZE = 10_240;
/** Factor types in `mfaTypes` (chapter 02 section 10; ours). */
export const MAX_MFA_TYPES = 16;
/** Largest body of watch: 500 pointers take 62,500 bytes (chapter 02 section 24; ours). */
export const MAX_WATCH_BODY_SIZE = 65_536;
/** Requests of watch that wait at a time, and at most half of the connections; one more is told to come back later, or somebody else whose address has most (ours). */
export const MAX_WATCHES = 1024;
/** The same of one address, or one IPv6 network (ours). */
export const MAX_WATCHES_PER_ADDRESS = 128;
/** Pointers that all of them name, whether they are known here or not (ours). */
export const MAX_WATCHED_POINTERS_IN_ALL = 65_536;
/** Pointers of which the hash is kept in memory, so that whoever waits for them once more costs no look into the database (ours). */
export const KNOWN_WATCHED_POINTERS = 16_384;
/** Seconds after which somebody for whom there was no room may try again (ours). */
export const WATCH_PAUSE_SECONDS = 120;
/** Largest file of a web app (ours). */
export const MAX_STATIC_FILE_SIZE = 33_554_432;
/** Memory of compressed files of the web app (ours). */
export const STATIC_CACHE_SIZE = 67_108_864;

// ---- blocks and garbage collection (chapter 08 sections 4 and 5; blocks/, bats/, links/, gc/) ----

/** Blocks of one upload; clients send at most 1000 (chapter 03 section 11.5; ours). */
export const MAX_BLOCKS_PER_UPLOAD = 4096;
/** Size with which smaller blocks count when an upload is admitted: what one takes on a disk at least (ours). */
export const MIN_ADMITTED_BLOCK_SIZE = 4096;
/** Bytes of dag-cbor that are decoded before other requests get a turn (ours). */
export const DECODED_BYTES_PER_STEP = 16_384;
/** Longest text of a CID or key hash in a query; longer ones take long to decode (ours). */
export const MAX_CID_TEXT = 256;
/** Longest id of a transaction, in characters; ours have 32 (ours). */
export const MAX_TRANSACTION_ID_LENGTH = 256;
/** Age in milliseconds after which a transaction protects its blocks no longer (chapter 08 section 4.8). */
export const TRANSACTION_LIFE_MILLISECONDS = 86_400_000;
/** Milliseconds of a transaction whose puts are protected for that long together, so a block may be protected for as much longer (ours). */
export const TRANSACTION_PERIOD_MILLISECONDS = 3_600_000;
/** Open transactions of one user; one that lasts counts once for each such period (ours). */
export const MAX_OPEN_TRANSACTIONS = 65_536;
/** Rows of a table that one uninterrupted step changes or reads when there is no hurry (ours). */
export const SQL_ROWS_PER_STEP = 256;
/** Block files that are written at a time; each holds one descriptor (ours). */
export const MAX_OPEN_BLOCK_WRITES = 16;
/** Block files that are read at a time; each holds one descriptor and one block in memory (ours). */
export const MAX_OPEN_BLOCK_READS = 16;
/** A call for a small block file that takes longer, in milliseconds, had to wait for a slow disk (ours). */
export const SLOW_DISK_MILLISECONDS = 4;
/** For how long, in milliseconds, small block files are read or written through the thread pool after a slow call (ours). */
export const SLOW_DISK_REST_MILLISECONDS = 500;
/** Block files that are written at once before other requests get a turn: less than a millisecond (ours). */
export const FILES_PER_STEP = 16;
/** Identities whose user names the block service remembers (ours). */
export const KNOWN_IDENTITIES = 4096;
/** Block files that are deleted at a time (ours). */
export const MAX_BLOCK_DELETIONS = 2;
/** Blocks up to this size are made durable together, in the journal (ours). */
export const JOURNALED_BLOCK_SIZE = 65_536;
/** Bytes of blocks in one segment of the journal (ours). */
export const JOURNAL_SEGMENT_SIZE = 16_777_216;
/** Blocks in one segment of the journal (ours). */
export const JOURNAL_SEGMENT_BLOCKS = 4096;
/** Segments of the journal; the first start after a crash looks at all their blocks (ours). */
export const MAX_JOURNAL_SEGMENTS = 4;
/** Milliseconds after which the files of the blocks of a segment are synced in any case (ours). */
export const JOURNAL_AGE_MILLISECONDS = 30_000;
/** Milliseconds after which files of journaled blocks are synced again when that has failed; then twice as many, and so on (ours). */
export const JOURNAL_RETRY_MILLISECONDS = 1000;
/** The longest of these waits, in milliseconds (ours). */
export const MAX_JOURNAL_RETRY_MILLISECONDS = 60_000;
/** Files of journaled blocks that are synced at a time when there is no hurry (ours). */
export const JOURNAL_SYNCS = 2;
/** Files of journaled blocks that are synced at a time when the journal is half full (ours). */
export const JOURNAL_SYNCS_IN_A_HURRY = 8;
/** Folders of block files that are known to be there, so that a write need not make them (ours). */
export const MAX_KNOWN_BLOCK_FOLDERS = 4096;
/** Damaged block files that are remembered, to be replaced when their block is uploaded again (ours). */
export const MAX_DAMAGED_BLOCKS = 1024;
/** Memory for small bodies, which is used again and again: metadata blocks fit in (ours). */
export const SMALL_ANSWER_MEMORY = 8192;
/** Pieces of it that are kept while no body needs them (ours). */
export const SMALL_ANSWER_MEMORY_POOL = 64;
/** The same for larger bodies (ours). */
export const MEDIUM_ANSWER_MEMORY = 65_536;
/** The same for large bodies: a block of file content or an upload of small blocks, and a little more (ours). */
export const LARGE_ANSWER_MEMORY = 1_064_960;
/** Bodies below this size are too small for it (ours). */
export const MIN_LARGE_ANSWER = 131_072;
/** Pieces of the larger two that are kept while no body needs them (ours). */
export const ANSWER_MEMORY_POOL = 8;
/** Blocks in the cache of small blocks (chapter 08 sections 1.4 and 4.5). */
export const BLOCK_CACHE_ENTRIES = 1000;
/** Blocks whose size and BATs are kept in memory (ours). */
export const KNOWN_BLOCKS = 4096;
/** Larger blocks are not kept in the cache of small blocks (chapter 08 sections 1.4 and 4.5). */
export const MAX_BLOCK_CACHE_ENTRY_SIZE = 51_200;
/** Signatures that are checked before other requests get a turn: about 4 ms (ours). */
export const SIGNATURES_PER_STEP = 32;
/** Bytes of an upload that are hashed before other requests get a turn: about 5 ms (ours). */
export const HASHED_BYTES_PER_STEP = 4_194_304;
/** Threads that help to check the signatures of uploads, if there are so many processors (ours). */
export const SIGNATURE_WORKERS = 2;
/** Time in milliseconds after which they end when no upload has needed them (ours). */
export const SIGNATURE_WORKER_IDLE_MILLISECONDS = 60_000;
/** Mirror BATs of one user (ours). */
export const MAX_MIRROR_BATS = 128;
/** Counters of secret links in one answer; the rest is asked for with a later `after` (ours). */
export const MAX_LINK_COUNTS = 65_536;
/** Steps of garbage collection, each one or two look-ups in the database, between two turns of other requests (ours). */
export const GARBAGE_STEPS_PER_SLICE = 128;
/** Blocks that garbage collection deletes at a time (ours). */
export const GARBAGE_DELETE_BATCH = 32;
/** Age in milliseconds from which a block file that the database does not know is looked at by garbage collection (ours). */
export const ORPHAN_FILE_AGE_MILLISECONDS = 86_400_000;
/** Time in milliseconds between two searches for such files (ours). */
export const ORPHAN_SCAN_MILLISECONDS = 86_400_000;

// ---- login data and second factors (chapter 05 sections 7, 8 and 15; accounts/) ----

/** Second factors per user, as far as the calls that add one count (chapter 05 section 15.3). */
export const MAX_FACTORS = 10;
/** Smallest RSA modulus of a security key: 2048 bits (ours). */
export const MIN_RSA_KEY_SIZE = 256;
/** Largest RSA modulus of a security key: 8192 bits (ours). */
export const MAX_RSA_KEY_SIZE = 1024;
/** Changes of the login data of one user that may wait for each other (ours). */
export const MAX_WAITING_LOGIN_UPDATES = 32;
/** Interrupted password changes that one user may leave behind (chapter 05 section 7.2). */
export const MAX_STAGED_PASSWORD_CHANGES = 20;
/** Password changes that publish a new identity block, per user and window: those blocks are not charged (ours). */
export const MAX_PASSWORD_CHANGES = 32;
/** That window, in milliseconds (ours). */
export const PASSWORD_CHANGE_WINDOW_MS = 86_400_000;
/** Open challenges per user and kind of ceremony; a new one replaces the oldest (chapter 05 section 15.6; ours). */
export const MAX_CHALLENGES_PER_USER = 8;
/** Open challenges of all users; a new one replaces the oldest (ours). */
export const MAX_CHALLENGES = 10_000;
/** Milliseconds that a challenge can be answered: 15 minutes (ours). */
export const CHALLENGE_LIFETIME_MILLISECONDS = 900_000;
/** Wrong codes in a row that one second factor takes before it makes callers wait (ours). */
export const MAX_WRONG_CODES = 10;
/** Milliseconds after which one more attempt is allowed: 5 minutes, so that guessing gets 288 of the million codes a day (ours). */
export const WRONG_CODE_PAUSE_MILLISECONDS = 300_000;
/** Second factors whose wrong codes are remembered at a time (ours). */
export const MAX_WATCHED_FACTORS = 10_000;
/** The same of one user; beyond it its own oldest is forgotten (ours). */
export const MAX_WATCHED_FACTORS_PER_USER = 20;

// ---- PKI node and sign-up (chapter 05 sections 12 and 17; pki/) ----

/** Largest key or secrets file of the PKI (ours). */
export const MAX_PKI_FILE_SIZE = 4096;
/** Links of a chain up to which its user may change it without proof of work (chapter 05 section 17.2). */
export const MAX_FREE_CHAIN_LINKS = 10;
/** Chain updates that wait for their turn; each takes some milliseconds (ours). */
export const MAX_QUEUED_CHAIN_UPDATES = 256;

// ---- server identity (chapter 08 section 9; identity/) ----

/** Ids that an imported server may have had (ours). */
export const MAX_SERVER_IDS = 64;
/** Milliseconds before its end from which an IPNS record is signed anew: six months (chapter 08 section 9.2). */
export const IPNS_RENEWAL_MILLISECONDS = 15_768_000_000;

/** Writers that one user may have registered; registration is never withdrawn (chapter 03 section 1.4; ours). */
export const MAX_WRITERS_PER_USER = 10_000;
/** Blocks read to find the children of one new version, or those of a whole tree: nodes and proofs of 10,000 children, old and new (ours). */
export const MAX_OWNED_KEY_READS = 40_000;
/** Owner proofs checked before other work gets its turn (ours). */
export const OWNED_KEYS_PER_TURN = 16;
/** Owner proofs of one version from which on only a few such versions are looked at at a time (ours). */
export const SMALL_OWNED_KEYS = 1000;
/** Children that all updates of one commit may add; 2000 take some 40 ms in one transaction (ours). */
export const MAX_NEW_CHILDREN = 2000;
/** Children that a search or recount registers or removes before others get their turn; they take some 6 ms (ours). */
export const CHILDREN_PER_STEP = 256;
/** Entries "writer lists child" of all writers of one user; further ones are not noted down (ours). */
export const MAX_OWNED_KEYS_PER_USER = 20_000;
/** Pointer updates of one commit (ours). */
export const MAX_UPDATES_PER_COMMIT = 1000;
/** Bytes of a WriterData that a pointer may target; the largest legitimate ones hold legacy login data (ours). */
export const MAX_WRITER_DATA_SIZE = 262_144;
/** Blocks with links that usage accounting counts for one writer: about 10 TiB of files (ours). */
export const MAX_COUNTED_BLOCKS = 2_097_152;
/** Links that usage accounting follows for one writer, a link to a block that was seen before included (ours). */
export const MAX_COUNTED_LINKS = 16_777_216;
/** Blocks and links that usage accounting visits for the difference of two versions before it counts the new one from nothing (ours). */
export const MAX_CHANGE_STEPS = 4_194_304;
/** Blocks of one level of such a difference (ours). */
export const MAX_CHANGE_FRONTIER = 65_536;
/** Missing blocks that usage accounting notes down for one writer; beyond it each update is counted from nothing (ours). */
export const MAX_NOTED_MISSING_BLOCKS = 64;
/** Writers that lack blocks and are looked through for blocks that arrived late before others get their turn (ours). */
export const LATE_CHECKS_PER_TURN = 16;
/** Blocks on one level up to which any number of counts may be in progress at a time (ours). */
export const SMALL_COUNT = 2048;
/** Larger counts in progress at a time, at most one for each user; one takes up to 300 MB (ours). */
export const CONCURRENT_LARGE_COUNTS = 2;
/** Work of usage accounting, in links seen, before others get their turn: a few milliseconds (ours). */
export const WORK_PER_TURN = 4096;
/** What reading the metadata of one block costs in that measure (ours). */
export const WORK_OF_READ = 16;
/** Updates that may wait for one writer; more are told that the queue is full (ours). */
export const MAX_WAITING_UPDATES = 200;
/** Milliseconds for which a fruitless search for unknown writers is not repeated for the same owner (chapter 03 section 1.4). */
export const OWNERSHIP_SEARCH_PAUSE_MS = 60_000;
/** Owners whose fruitless searches are remembered (ours). */
export const MAX_REMEMBERED_SEARCHES = 10_000;
/** Milliseconds after which uploads that no pointer refers to are not counted any more: the life of a transaction (chapter 03 section 9.2). */
export const PENDING_UPLOAD_LIFE_MS = 86_400_000;
/** Bytes by which a user may exceed its quota after a refused upload, so that it can delete (chapter 08 section 6.2). */
export const OVER_QUOTA_TOLERANCE = 1_048_576;
/** The share of the quota, 1 / this, that a user may upload beyond one quota in a window: what rewriting lists takes must not end an account that fills up before its quota does (ours). */
export const UPLOAD_HEADROOM_SHARE = 4;
/** Requests up to this size may be uploaded when the rate of uploads is used up: those of a deletion, of a new name (ours). */
export const SMALL_UPLOAD = 262_144;
/** The share of the quota, 1 / this, that they, and as much again that metadata may take at once beyond the rate (ours). */
export const DELETION_RESERVE_SHARE = 16;
/** Bytes of quota for each of which a user may have one block: far less than blocks of clients have (ours). */
export const QUOTA_BYTES_PER_BLOCK = 1024;
/** Blocks that a user may have in addition, however small the quota (ours). */
export const FREE_BLOCKS = 4096;
/** Milliseconds for which a sign-up whose end is not reported keeps its token from other names (ours). */
export const SIGNUP_RESERVATION_MS = 600_000;
/** Sign-ups under way that are remembered (ours). */
export const MAX_SIGNUPS_UNDER_WAY = 10_000;
/** Sign-ups for one name that wait while another one is under way (ours). */
export const MAX_WAITING_SIGN_UPS = 8;

/** Waiting space requests in one answer to an administrator (ours). */
export const MAX_LISTED_SPACE_REQUESTS = 10_000;
/** Follow requests that may wait for one user before one more is refused: one beyond it is stored (chapter 06 section 3.5). */
export const MAX_PENDING_FOLLOW_REQUESTS = 100;
/** Follow requests that one address, or one IPv6 network, may post to one user at once; then one every FOLLOW_REQUEST_PAUSE_MILLISECONDS (ours). */
export const MAX_FOLLOW_REQUESTS_OF_SENDER = 20;
/** Milliseconds after which such an address may post one more (ours). */
export const FOLLOW_REQUEST_PAUSE_MILLISECONDS = 600_000;
/** Addresses and users for which that is remembered (ours). */
export const MAX_WATCHED_SENDERS = 20_000;
/** Messages of both directions in an hour after which a user has to wait (chapter 02 section 13). */
export const MAX_MESSAGES_PER_HOUR = 20;
/** Milliseconds by which the time of a user's message may differ from ours, and in which messages are counted (chapter 02 section 13). */
export const MESSAGE_TIME_WINDOW_MS = 3_600_000;
/** Messages of one user that are stored (ours). */
export const MAX_MESSAGES_OF_USER = 1000;
/** Messages in one list for the operator (ours). */
export const MAX_LISTED_MESSAGES = 1000;
/** Addresses in the wait list (chapter 05 section 22.4). */
export const MAX_WAIT_LIST = 1_000_000;
/** Characters of an address in the wait list (chapter 05 section 22.4). */
export const MAX_EMAIL_LENGTH = 256;
/** Bytes of the file of banned users (ours). */
export const MAX_BLACKLIST_SIZE = 4_194_304;
/** Milliseconds after which the file of banned users is looked at again (chapter 08 section 16.2). */
export const BLACKLIST_CHECK_MS = 5000;
/** Milliseconds after which it is read again although it looks the same (chapter 08 section 16.2). */
export const BLACKLIST_REREAD_MS = 3_600_000;

// ---- configuration (chapter 08 section 2; config/) ----

/** Largest configuration file, and largest file that a variable `…_FILE` names (ours). */
export const MAX_CONFIG_FILE_SIZE = 65_536;
/** Milliseconds for which a start waits for a short command that works on the same data directory (ours). */
export const LOCK_PATIENCE_MILLISECONDS = 1500;
/** Milliseconds between two signs of life of who holds a data directory, for other machines; three missed ones mean death (ours). */
export const LOCK_HEARTBEAT_MILLISECONDS = 60_000;

/** Largest state.json of a backup, in bytes; it is read as a whole. A user takes some 12 KiB. */
export const MAX_BACKUP_STATE_SIZE = 1_073_741_824;
/** Characters of one call of the operator's commands to the running server (ours). */
export const MAX_OPERATOR_CALL_SIZE = 65_536;
/** Sign-up tokens that one call makes (ours). */
export const MAX_TOKENS_PER_CALL = 1000;
/** Milliseconds that requests in flight have to finish when the server stops (ours). */
export const DRAIN_MILLISECONDS = 10_000;
/** Milliseconds that work without a connection has to finish after that (ours). */
export const SETTLE_MILLISECONDS = 2000;
/** Free bytes of the disk below which uploads are refused, garbage is collected and the server says that it is not ready (ours). */
export const UPLOAD_FREE_DISK = 268_435_456;
/** On a disk where that is more than 1 / this of its size, this share instead (ours). */
export const UPLOAD_FREE_SHARE = 8;
/** The same for requests up to SMALL_UPLOAD and for sign-ups: what is below is for the server's own work (ours). */
export const SMALL_UPLOAD_FREE_DISK = 134_217_728;
/** The share of a small disk for these (ours). */
export const SMALL_UPLOAD_FREE_SHARE = 16;
/** Files that the disk must still be able to hold, below which it counts as full for uploads: each block is one (ours). */
export const UPLOAD_FREE_FILES = 32_768;
/** On a disk that can hold few, the share of them (ours). */
export const UPLOAD_FREE_FILES_SHARE = 16;
/** Size of the file `reserve`, which is given up when the disk has no room for the server's own files (ours). */
export const DISK_RESERVE = 4_194_304;
/** The share of a small disk for it (ours). */
export const DISK_RESERVE_SHARE = 32;
/** Bytes that must be free for a start or a command: lock, log and the files of an open database (ours). */
export const START_ROOM = 262_144;
/** Milliseconds for which the free space is remembered, less what was uploaded meanwhile (ours). */
export const FREE_DISK_MEMORY_MILLISECONDS = 500;
/** What a block takes beside its bytes: the rest of its last cluster, its row, its folder (ours). */
export const BLOCK_OVERHEAD_ON_DISK = 8192;
/** Milliseconds between two looks at the free space when nobody uploads (ours). */
export const FREE_DISK_CHECK_MILLISECONDS = 30_000;
/** Milliseconds for which readiness remembers whether the database takes writes and the keys are there (ours). */
export const READINESS_MEMORY_MILLISECONDS = 1000;
/** Milliseconds after a garbage collection before the next one may begin because the disk is nearly full (ours). */
export const FULL_DISK_COLLECTION_MILLISECONDS = 60_000;
/** And as many times as long as it took, so that they take a small share of the time (ours). */
export const FULL_DISK_COLLECTION_SHARE = 10;
/** Milliseconds from the start to the first garbage collection, so that it does not slow the start down (ours). */
export const FIRST_COLLECTION_DELAY = 30_000;
/** Milliseconds that such a call may take to arrive (ours). */
export const OPERATOR_CALL_PATIENCE = 10_000;
/** Milliseconds that a command which was cancelled waits until the running server has left its work in order (ours). */
export const OPERATOR_CANCEL_PATIENCE = 30_000;
/** Linked blocks of one user that a backup may lack. */
export const MAX_MISSING_BLOCKS = 100_000;
/** Roots in the header of a backup's blocks; readers do not need them. */
export const MAX_BACKUP_ROOTS = 20_000;
