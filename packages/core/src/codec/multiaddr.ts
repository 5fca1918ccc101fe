import { assertList, assertObject } from '../arguments.js';
import { assertBytes, concatBytes } from '../bytes.js';
import { ArgumentError, FormatError, LimitError, PyrgosError } from '../errors.js';
import { MAX_MULTIADDR_SIZE, MAX_MULTIADDR_TEXT_LENGTH } from '../limits.js';
import { CidCodec, decodeCid, parsePeerId } from './cid.js';
import { type AddressKind, addressKinds } from './multiaddr-address.js';
import { decodeSmallVarint, encodeVarint } from './varint.js';

/**
 * How a peer id is written inside a multiaddress. `multihash`: the bare multihash of the multiaddr standard and the libp2p wire,
 * printed as `/p2p/12D3…`. `cid`: what the shared parser of the reference writes, the binary CID, printed as `/ipfs/z…` (chapter 01
 * section 7).
 */
export type MultiaddrPeerForm = 'multihash' | 'cid';

/** Options of the multiaddress functions. */
export interface MultiaddrOptions {
  /** Default `multihash`. */
  readonly peerForm?: MultiaddrPeerForm;
}

/** One part of a multiaddress. */
export interface MultiaddrComponent {
  /** Name of the protocol; peer ids are always `p2p` here. */
  readonly protocol: string;
  /** Canonical text of the address; absent for protocols without one. A peer id is the base58 of its bare multihash. */
  readonly value?: string;
}

/** A parsed multiaddress: its parts from the outside in. */
export type Multiaddr = readonly MultiaddrComponent[];

interface Protocol {
  readonly name: string;
  readonly code: number;
  readonly kind: AddressKind | 'none' | 'unsupported';
}

const row = (code: number, name: string, kind: Protocol['kind']): Protocol => ({ name, code, kind });

const protocols: readonly Protocol[] = [
  row(4, 'ip4', addressKinds.ip4),
  row(6, 'tcp', addressKinds.port),
  row(33, 'dccp', addressKinds.port),
  row(41, 'ip6', addressKinds.ip6),
  row(53, 'dns', 'unsupported'),
  row(54, 'dns4', addressKinds.name),
  row(55, 'dns6', addressKinds.name),
  row(56, 'dnsaddr', addressKinds.name),
  row(132, 'sctp', addressKinds.port),
  row(273, 'udp', addressKinds.port),
  row(280, 'webrtc-direct', 'none'),
  row(281, 'webrtc', 'none'),
  row(290, 'p2p-circuit', 'none'),
  row(301, 'utp', 'none'),
  row(302, 'udt', 'none'),
  row(400, 'unix', addressKinds.name),
  row(421, 'p2p', addressKinds.peer),
  row(443, 'https', 'none'),
  row(444, 'onion', addressKinds.onion),
  row(445, 'onion3', addressKinds.onion3),
  row(446, 'garlic64', addressKinds.garlic64),
  row(447, 'garlic32', addressKinds.garlic32),
  row(460, 'quic', 'none'),
  row(477, 'ws', 'none'),
  row(478, 'wss', 'none'),
  row(480, 'http', 'none'),
];

const byCode: ReadonlyMap<number, Protocol> = new Map(protocols.map((protocol) => [protocol.code, protocol]));
const byName: ReadonlyMap<string, Protocol> = new Map(protocols.map((protocol) => [protocol.name, protocol]));

function fail(where: string, problem: string, cause?: unknown): never {
  throw new FormatError('format.multiaddr', where, problem, cause === undefined ? {} : { cause });
}

/** Gives every error of an address the code of this format and the place of the component. */
function at<T>(index: number, name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PyrgosError) return fail(`component ${index} (${name})`, error.message, error);
    throw error;
  }
}

function usesCids(options: MultiaddrOptions): boolean {
  assertObject('options', options);
  const form = options.peerForm ?? 'multihash';
  if (form !== 'multihash' && form !== 'cid') throw new ArgumentError('peerForm', 'must be multihash or cid');
  return form === 'cid';
}

function protocolNamed(name: string, index: number): Protocol {
  const protocol = byName.get(name === 'ipfs' ? 'p2p' : name);
  return protocol ?? fail(`component ${index}`, 'unknown protocol');
}

/**
 * Parses text like `/ip4/127.0.0.1/tcp/4001`. Names `p2p` and `ipfs` mean the same; a peer id may have any text form. FormatError
 * `format.multiaddr` for an unknown or unsupported protocol, a wrong address, or empty components; LimitError beyond
 * MAX_MULTIADDR_TEXT_LENGTH characters or MAX_MULTIADDR_SIZE bytes.
 */
export function parseMultiaddr(text: string): Multiaddr {
  if (typeof text !== 'string') throw new ArgumentError('text', 'must be a string');
  if (text.length > MAX_MULTIADDR_TEXT_LENGTH) throw new LimitError('multiaddress text length', text.length, MAX_MULTIADDR_TEXT_LENGTH);
  if (!text.startsWith('/')) fail('', 'must start with a slash');
  const parts = text.slice(1).split('/');
  const components: MultiaddrComponent[] = [];
  for (let i = 0; i < parts.length; i++) {
    const index = components.length;
    const { name, kind } = protocolNamed(parts[i] as string, index);
    if (kind === 'none') {
      components.push({ protocol: name });
      continue;
    }
    if (kind === 'unsupported') return fail(`component ${index} (${name})`, 'addresses of this protocol are not supported');
    const value = parts[++i];
    if (value === undefined) return fail(`component ${index} (${name})`, 'the address is missing');
    components.push({ protocol: name, value: at(index, name, () => kind.toText(kind.toBytes(value))) });
  }
  encodeMultiaddr(components); // Enforces the size limit.
  return components;
}

/** Text of a multiaddress; IPv6 uncompressed. FormatError `format.multiaddr` when a part is not valid. */
export function formatMultiaddr(address: Multiaddr, options: MultiaddrOptions = {}): string {
  const cids = usesCids(options);
  const text = canonical(address).map(({ protocol, value }) => {
    if (value === undefined) return `/${protocol}`;
    return protocol === 'p2p' && cids ? `/ipfs/${parsePeerId(value).toString()}` : `/${protocol}/${value}`;
  });
  return text.join('');
}

/** Checks parts that a caller may have put together and brings their values into canonical form. */
function canonical(address: Multiaddr): MultiaddrComponent[] {
  assertList('address', address);
  if (address.length === 0) fail('', 'must have a component');
  // Array.from: a hole is looked at like any other wrong component.
  return Array.from(address, (component, index) => {
    assertObject(`address[${index}]`, component);
    const { protocol, value } = component;
    const { name, kind } = protocolNamed(protocol, index);
    const where = `component ${index} (${name})`;
    if (kind === 'unsupported') return fail(where, 'addresses of this protocol are not supported');
    if (kind === 'none') return value === undefined ? { protocol: name } : fail(where, 'has no address');
    if (typeof value !== 'string') return fail(where, 'the address is missing');
    return { protocol: name, value: at(index, name, () => kind.toText(kind.toBytes(value))) };
  });
}

/** Binary form of a multiaddress. FormatError `format.multiaddr` when a part is not valid, LimitError beyond MAX_MULTIADDR_SIZE. */
export function encodeMultiaddr(address: Multiaddr, options: MultiaddrOptions = {}): Uint8Array<ArrayBuffer> {
  const cids = usesCids(options);
  const out: Uint8Array[] = [];
  for (const [index, { protocol, value }] of canonical(address).entries()) {
    const { name, code, kind } = protocolNamed(protocol, index);
    out.push(encodeVarint(code));
    if (typeof kind === 'string' || value === undefined) continue;
    const bytes = name === 'p2p' && cids ? parsePeerId(value).bytes : kind.toBytes(value);
    if (kind.size === 'varint') out.push(encodeVarint(bytes.length));
    out.push(bytes);
  }
  const bytes = concatBytes(...out);
  if (bytes.length > MAX_MULTIADDR_SIZE) throw new LimitError('multiaddress size', bytes.length, MAX_MULTIADDR_SIZE);
  return bytes;
}

/** Text of a peer id that is stored as a binary CID. */
function peerOfCid(bytes: Uint8Array): string {
  const cid = decodeCid(bytes);
  // The two forms that the text of a bare multihash stands for, so that encoding again gives the same bytes.
  const isPeer = cid.version === 0 || (cid.codec === CidCodec.libp2pKey && cid.isIdentity);
  if (!isPeer) return fail('', 'a peer id must be a libp2p-key CID of an identity hash or a version 0 CID');
  return addressKinds.peer.toText(cid.multihash.bytes);
}

/**
 * Parses the binary form; accepts exactly what {@link encodeMultiaddr} writes with the same options. FormatError `format.multiaddr`;
 * LimitError beyond MAX_MULTIADDR_SIZE.
 */
export function decodeMultiaddr(input: Uint8Array, options: MultiaddrOptions = {}): Multiaddr {
  assertBytes('input', input);
  const cids = usesCids(options);
  if (input.length > MAX_MULTIADDR_SIZE) throw new LimitError('multiaddress size', input.length, MAX_MULTIADDR_SIZE);
  if (input.length === 0) fail('', 'must have a component');
  const components: MultiaddrComponent[] = [];
  let offset = 0;
  while (offset < input.length) {
    const index = components.length;
    const code = at(index, 'protocol', () => decodeSmallVarint(input, offset));
    const { name, kind } = byCode.get(code.value) ?? fail(`component ${index}`, `unknown protocol ${code.value}`);
    offset = code.end;
    if (kind === 'none') {
      components.push({ protocol: name });
      continue;
    }
    if (kind === 'unsupported') return fail(`component ${index} (${name})`, 'addresses of this protocol are not supported');
    let size = kind.size;
    if (size === 'varint') {
      const length = at(index, name, () => decodeSmallVarint(input, offset));
      size = length.value;
      offset = length.end;
    }
    if (size > input.length - offset) return fail(`component ${index} (${name})`, 'input ends inside the address');
    const bytes = input.subarray(offset, offset + size);
    offset += size;
    components.push({ protocol: name, value: at(index, name, () => (name === 'p2p' && cids ? peerOfCid(bytes) : kind.toText(bytes))) });
  }
  return components;
}
