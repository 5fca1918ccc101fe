import { HttpNetwork, type Network } from '@pyrgos/client/network';
import { decodeWatchRequest, encodeWatchAnswer, encodeWatchRequest } from '@pyrgos/core/api';
import { equalBytes, fromHex, utf8Encode } from '@pyrgos/core/bytes';
import { Cid, CidCodec } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { Bat, ProofOfWork, SigningKeyPair } from '@pyrgos/core/keys';
import { serverError } from '../packages/client/src/network/http/server-error.js';
import exchanges from '../vectors/02/exchanges.json' with { type: 'json' };
import type { FuzzTarget } from './target.js';

/** Each input is an answer of a whole call. */
const ITERATIONS = 300;

/** The replies of one endpoint in the examples of chapter 02. */
function repliesOf(endpoint: string): Uint8Array[] {
  const pathOf = (target: string): string => target.split('?')[0] ?? '';
  const ofEndpoint = exchanges.valid.filter(({ path, status }) => pathOf(path).endsWith(`/${endpoint}`) && status === 200);
  return ofEndpoint.map(({ reply }) => fromHex(reply));
}

/** What a server may answer to each kind of call (chapter 02), and the texts of its errors. */
export function networkTargets(crypto: CryptoProvider): FuzzTarget[] {
  const identity = SigningKeyPair.generate(crypto);
  const owner = identity.publicKey.hash;
  const bytes = utf8Encode('a block');
  const cid = Cid.ofSha256(crypto.sha256(bytes), CidCodec.raw);
  const signed = { cid, bytes, signature: new Uint8Array(96) };
  const bat = Bat.generate(crypto).withMirrorId(crypto);
  const stored = utf8Encode(`{"Hash":"${cid.toString()}"}`);
  const watchAnswers = [
    encodeWatchAnswer({ pointers: [], elsewhere: [] }),
    encodeWatchAnswer({ pointers: [{ index: 0, signed: new Uint8Array(140) }], elsewhere: [], requests: new Uint8Array(32) }),
    encodeWatchAnswer({ pointers: [], elsewhere: [0], pauseSeconds: 120 }),
  ];
  const calls: readonly (readonly [string, (network: Network) => Promise<unknown>, (readonly Uint8Array[])?])[] = [
    ['block/put/bulk', async (n) => n.blocks.putBlocks(owner, owner, [signed], 't'), [stored]],
    ['block/stat', async (n) => n.blocks.sizeOf(cid, owner)],
    ['champ/get/bulk', async (n) => n.blocks.lookUpChamp(cid, [{ key: new Uint8Array(32) }], { owner })],
    ['transaction/start', async (n) => n.blocks.startTransaction(owner)],
    ['blockstore/props', async (n) => n.blocks.properties()],
    ['blockstore/auth-reads', async (n) => n.blocks.authoriseReads(owner, [])],
    ['getPointer', async (n) => n.pointers.getPointer(owner, owner)],
    ['setPointers', async (n) => n.pointers.setPointers(owner, [])],
    ['id', async (n) => n.serverId()],
    ['ids', async (n) => n.serverIds()],
    // The example of the chapter is a placeholder that nothing can read.
    ['ipns/get', async (n) => n.ipnsRecord(cid), []],
    ['getPublicKey', async (n) => n.core.getPublicKey('alice')],
    ['getUsername', async (n) => n.core.getUsername(owner)],
    ['getChain', async (n) => n.core.getChain('alice')],
    ['getUsernamesGzip', async (n) => n.core.usernames()],
    ['updateChain', async (n) => n.core.updateChain('alice', [], ProofOfWork.empty(), '')],
    ['getUserSnapshots', async (n) => n.core.getUserSnapshots('', bat, 0n)],
    ['getLogin', async (n) => n.accounts.getLogin({ username: 'alice', loginKey: identity })],
    ['listMfa', async (n) => n.accounts.listMfa('alice', identity.signer)],
    ['addTotp', async (n) => n.accounts.addTotp('alice', identity.signer)],
    ['genBackupCodes', async (n) => n.accounts.genBackupCodes('alice', identity.signer)],
    ['registerWebauthnStart', async (n) => n.accounts.registerWebauthnStart('alice', identity.signer)],
    ['getUserBats', async (n) => n.bats.list('alice', identity.signer)],
    ['getFollowRequests', async (n) => n.social.getFollowRequests(identity.signer)],
    ['pyrgos/watch', async (n) => n.live?.watch({ pointers: [{ owner, writer: owner, mark: undefined }] }), watchAnswers],
    ['usage', async (n) => n.space.usage(identity.signer)],
    ['quota', async (n) => n.space.quota(identity.signer)],
    ['payment-properties', async (n) => n.space.paymentProperties(identity.signer)],
    ['version', async (n) => n.admin.version()],
    ['signups', async (n) => n.admin.signups()],
    ['pending', async (n) => n.admin.pending(identity.signer, cid)],
    ['retrieve', async (n) => n.messages.retrieve('alice', identity.signer)],
    ['link-host', async (n) => n.links.host(owner)],
    ['link/get', async (n) => n.links.get(owner, 1n)],
    ['link/counts', async (n) => n.links.counts('alice', 0n, bat)],
  ];
  const answers = calls.map(([endpoint, call, seeds = repliesOf(endpoint)]): FuzzTarget => {
    let answer: Uint8Array = new Uint8Array();
    const fetch = async (): Promise<Response> => new Response(answer.slice());
    const network = new HttpNetwork({ server: 'http://localhost:8000', crypto, fetch });
    return {
      name: `answer to ${endpoint}`,
      seeds,
      run: async (input) => {
        answer = input;
        await call(network);
        return undefined;
      },
      iterations: ITERATIONS,
    };
  });
  const texts = [
    'Invalid+username',
    'PointerCAS:EMPTY,,zdpuAx1iYkvRXKxmt5JNL3xKtuEeizTF8fYrWZm1BarrNRvzv',
    'Storage+quota+reached%21+Used+5+out+of+4+bytes.+Rejecting+write+of+size+3',
  ];
  const error: FuzzTarget = {
    name: 'text of a server error',
    seeds: texts.map((text) => utf8Encode(text)),
    run: (input) => {
      const trailer = String.fromCharCode(...input.map((byte) => byte & 0x7f));
      // An error that does not show what the server has said as it is: it may be long, or meant to mislead.
      const { code, message } = serverError({ area: 'blocks', method: 'put', status: 400, trailer });
      if (code === 'internal' || message.length > 2000) throw new Error(`${code}: ${message.length} characters`);
      return undefined;
    },
  };
  const watch: FuzzTarget = {
    name: 'WatchRequest',
    seeds: [
      encodeWatchRequest({ pointers: [] }),
      encodeWatchRequest({
        pointers: [{ owner, writer: owner, mark: new Uint8Array(32) }],
        requests: { owner, auth: new Uint8Array(73), mark: undefined },
        seconds: 45,
      }),
    ],
    // Fields of later clients are passed over, so that the bytes need not come out again; what was read must.
    run: (input) => {
      const request = decodeWatchRequest(input);
      const again = encodeWatchRequest(decodeWatchRequest(encodeWatchRequest(request)));
      if (!equalBytes(again, encodeWatchRequest(request))) throw new Error('a request that says something else when it is written again');
      return undefined;
    },
  };
  return [...answers, error, watch];
}
