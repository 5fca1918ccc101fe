// The exports of the kernel module: secretbox and SHA-256 over one shared buffer. AssemblyScript, compiled by `npm run wasm`.
import { absorb, finishMac, startMac } from './poly1305';
import { finishHash, hashBlocks, startHash, wipeHash } from './sha256';
import { hashFourBlocks, startFour, takeOfFour, wipeFour } from './sha256-four';
import { firstBlock, startStream, wipeStream, xorStream } from './salsa20';

/** Bytes of data per call. A multiple of 256, small enough for the first-level cache together with everything else. */
const SLICE: usize = 16384;

/** Data in and out; 128 bytes more than a slice, for padding. */
const BUFFER: usize = memory.data(16384 + 128, 16);
/** key(32) || nonce(24), and at the end of a message tag(16). */
const SETUP: usize = memory.data(64, 16);
/** The first stream block: one-time MAC key(32) || stream for the first 32 bytes of the message. */
const FIRST: usize = memory.data(64, 16);
/** The hash in progress. */
const HASH: usize = memory.data(32, 16);

export function bufferAt(): usize {
  return BUFFER;
}

export function setupAt(): usize {
  return SETUP;
}

export function hashAt(): usize {
  return HASH;
}

export function sliceSize(): usize {
  return SLICE;
}

/** Begins a secretbox with key and nonce from SETUP, which is wiped. */
export function secretboxStart(): void {
  startStream(SETUP, SETUP + 32);
  firstBlock(FIRST);
  startMac(FIRST);
  memory.fill(SETUP, 0, 64);
}

function xorFirst(length: usize): void {
  for (let i: usize = 0; i < length; i++) store<u8>(BUFFER + i, load<u8>(BUFFER + i) ^ load<u8>(FIRST + 32 + i));
}

/** Encrypts the first up to 32 bytes of the message, in the buffer. */
export function sealFirst(length: usize): void {
  xorFirst(length);
  absorb(BUFFER, length);
}

/** Encrypts the next slice in the buffer. */
export function sealNext(length: usize): void {
  xorStream(BUFFER, length);
  absorb(BUFFER, length);
}

/** Decrypts the first up to 32 bytes; nothing is authentic before the tag was compared. */
export function openFirst(length: usize): void {
  absorb(BUFFER, length);
  xorFirst(length);
}

/** Decrypts the next slice in the buffer. */
export function openNext(length: usize): void {
  absorb(BUFFER, length);
  xorStream(BUFFER, length);
}

/** Writes the tag to SETUP and forgets everything else of the message. */
export function secretboxFinish(): void {
  finishMac(SETUP);
  wipeStream();
  memory.fill(FIRST, 0, 64);
  memory.fill(BUFFER, 0, SLICE);
}

/** Begins a hash in HASH. */
export function hashStart(): void {
  startHash(HASH);
}

/** Hashes `count` blocks of 64 bytes from the buffer. */
export function hashNext(count: usize): void {
  hashBlocks(HASH, BUFFER, count);
}

/** Hashes the last up to 63 bytes in the buffer and leaves the digest in HASH. */
export function hashFinish(length: usize, total: f64): void {
  finishHash(HASH, BUFFER, length, <u64>total);
}

/** Begins four hashes of inputs that have many blocks in common. */
export function hashFourStart(): void {
  startHash(HASH);
  startFour(HASH);
}

/** Hashes `count` blocks of each of four inputs, which lie a quarter of a slice apart in the buffer. */
export function hashFourNext(count: usize): void {
  hashFourBlocks(BUFFER, SLICE >> 2, count);
}

/** Makes one of the four the hash in HASH, to be gone on with alone. */
export function hashFourTake(lane: usize): void {
  takeOfFour(lane, HASH);
}

/** Forgets the four. */
export function hashFourWipe(): void {
  wipeFour();
}

/** Forgets what was hashed; `used` is how much of the buffer had data in it. */
export function hashWipe(used: usize): void {
  wipeHash();
  memory.fill(HASH, 0, 32);
  memory.fill(BUFFER, 0, used + 128);
}
