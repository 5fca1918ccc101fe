import { assertFunction } from '@pyrgos/core/arguments';
import { whenAborted } from '@pyrgos/core/abort';
import { encodeCbor } from '@pyrgos/core/codec';
import { ArgumentError, PyrgosError } from '@pyrgos/core/errors';
import { MAX_WATCHED_POINTERS } from '@pyrgos/core/limits';
import { type Account, contextOf } from '../session/account.js';
import { type CallOptions, checkedOptions } from '../session/call-options.js';
import { platformTimer, type SetTimer } from '../waiting/timer.js';
import { whileAwake } from './awake.js';
import { KnownPointers } from './known-pointers.js';
import { type Attention, GatheredChanges, type LiveChanges, type LiveListener, type LiveSource, type LiveWatch } from './live-changes.js';
import { Pace } from './pace.js';
import { WaitingRoom } from './waiting-room.js';
import { type WatchedPlace, WatchedPlaces } from './watched-places.js';

/** Pointers that one look asks for, beside that of the own space; the others have their turn with the next ones. */
const POINTERS_PER_LOOK = 30;
/** Milliseconds for which a server's word counts that it does not watch a pointer. */
const ELSEWHERE = 600_000;
/** Milliseconds for which requests are left out after they could not be asked for. */
const WITHOUT_REQUESTS = 600_000;
/** Milliseconds at least between two questions what is to be watched. */
const GATHER_PAUSE = 10_000;

/** Somebody who is told. */
interface Told {
  readonly listener: LiveListener;
  attention: Attention;
  /** Whether it was told everything once. */
  hasBegun: boolean;
}

/**
 * Finds out what changes for a session (decision 013): has the server wait where it can, looks now and then where it cannot. One request at a time, for all who
 * want to know.
 */
export class LiveUpdates {
  private readonly told = new Set<Told>();
  private readonly places: WatchedPlaces;
  private readonly known: KnownPointers;
  private readonly pace: Pace;
  private readonly room: WaitingRoom;
  /** Until when the server is taken at its word that it does not watch a writer. */
  private readonly elsewhere = new Map<string, number>();
  private requestsMark: Uint8Array | undefined;
  private requestsAfter = -Infinity;
  private gatheredAt = -Infinity;
  private lookAt = -Infinity;
  private cursor = 0;
  private hasChanged = false;
  private isKnown = false;
  /** Ends what is being done, so that it is decided anew what to do. */
  private turn = new AbortController();
  private isRunning = false;

  constructor(
    private readonly account: Account,
    private readonly timer: SetTimer = platformTimer,
  ) {
    const { home, crypto, clock } = account;
    const now = (): number => clock.now();
    this.places = new WatchedPlaces({ owner: home.owner, writer: home.writer, change: 'account' });
    this.known = new KnownPointers(crypto, contextOf(account).commits);
    this.pace = new Pace(now, () => (crypto.randomBytes(1)[0] ?? 0) / 255);
    this.room = new WaitingRoom(now);
  }

  /** Has more watched; returns the way to end that. */
  addSource(source: LiveSource): () => void {
    const remove = this.places.add(source);
    this.reconsider();
    return () => {
      remove();
      this.reconsider();
    };
  }

  /** What the sources name may be something else now. */
  reconsider(): void {
    this.places.isOld = true;
    this.gatheredAt = -Infinity;
    this.turn.abort();
  }

  /** See `UserSession.watch`. ArgumentError, DeniedError `denied.session`, AbortedError. */
  watch(listener: LiveListener, options: CallOptions): LiveWatch {
    assertFunction('listener', listener);
    const { signal } = checkedOptions(options);
    contextOf(this.account).gate.assertOpen();
    const told: Told = { listener, attention: 'full', hasBegun: false };
    this.told.add(told);
    let isOpen = true;
    let ended = (): void => undefined;
    const closed = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const close = (): void => {
      if (!isOpen) return;
      isOpen = false;
      stopListening();
      stopWaiting();
      this.told.delete(told);
      this.turn.abort();
      ended();
    };
    const stopListening = whenAborted(signal, close);
    const stopWaiting = contextOf(this.account).gate.onClose(close);
    if (this.isKnown) queueMicrotask(() => isOpen && this.tell(undefined));
    if (this.isRunning) this.turn.abort();
    else void this.run();
    return {
      attend: (attention) => {
        if (!['full', 'low', 'none'].includes(attention)) throw new ArgumentError('attention', "must be 'full', 'low' or 'none'");
        if (!isOpen || told.attention === attention) return;
        told.attention = attention;
        if (attention === 'full') this.lookAt = -Infinity;
        this.turn.abort();
      },
      look: () => {
        if (!isOpen) return;
        this.lookAt = -Infinity;
        this.pace.recovered();
        this.room.reopen();
        this.turn.abort();
      },
      close,
      closed,
    };
  }

  private get attention(): Attention {
    const all = new Set([...this.told].map(({ attention }) => attention));
    if (all.has('full')) return 'full';
    return all.has('low') ? 'low' : 'none';
  }

  private now(): number {
    return this.account.clock.now();
  }

  /** As long as somebody wants to know. */
  private async run(): Promise<void> {
    this.isRunning = true;
    while (this.told.size > 0) {
      this.turn = new AbortController();
      const { signal } = this.turn;
      try {
        await this.step(signal);
      } catch (error) {
        // Whatever has failed, for instance a source: what is to be known is asked for again.
        if (!signal.aborted) await this.rest(this.pace.afterFailure(), signal);
        if (error instanceof PyrgosError && error.code === 'denied.session') break;
      }
    }
    this.isRunning = false;
  }

  private async step(signal: AbortSignal): Promise<void> {
    const { attention } = this;
    if (attention === 'none') return this.rest(Infinity, signal);
    if (this.places.isOld && this.now() - this.gatheredAt >= GATHER_PAUSE) await this.gather(signal);
    if (attention === 'full' && this.account.network.live !== undefined && this.room.isOpen) return this.wait(signal);
    await this.rest(this.lookAt - this.now(), signal);
    if (signal.aborted) return;
    await this.look(attention, this.places.list, signal);
  }

  private async gather(signal: AbortSignal): Promise<void> {
    await this.places.gather(signal);
    this.gatheredAt = this.now();
    const writers = new Set(this.places.list.map(({ writer }) => writer.key));
    this.known.keep(writers);
    for (const key of this.elsewhere.keys()) if (!writers.has(key)) this.elsewhere.delete(key);
  }

  /** Until the sources may be asked again. */
  private secondsToGather(): number {
    const left = Math.ceil((this.gatheredAt + GATHER_PAUSE - this.now()) / 1000);
    return Math.max(1, Math.min(this.room.seconds, left));
  }

  /** Lets the server wait, and looks for what it does not watch. */
  private async wait(signal: AbortSignal): Promise<void> {
    const { live } = this.account.network;
    await this.rest(this.pace.beforeWaiting(this.hasChanged), signal);
    if (live === undefined || signal.aborted) return;
    const isHere = ({ writer }: WatchedPlace): boolean => (this.elsewhere.get(writer.key) ?? -Infinity) <= this.now();
    const here = this.places.list.filter(isHere).slice(0, MAX_WATCHED_POINTERS);
    const withRequests = this.now() >= this.requestsAfter;
    const call = {
      pointers: here.map(({ owner, writer }) => ({ owner, writer, mark: this.known.markOf(writer) })),
      seconds: this.places.isOld ? this.secondsToGather() : this.room.seconds,
      ...(withRequests ? { requests: { owner: this.account.identity, mark: this.requestsMark } } : {}),
    };
    const start = this.now();
    try {
      const answer = await whileAwake({ now: () => this.now(), timer: this.timer, signal }, async (own) => live.watch(call, own));
      const changes = new GatheredChanges();
      let hasMoved = false;
      for (const { index, signed } of answer.pointers) hasMoved = this.note(here[index], signed, changes) || hasMoved;
      for (const index of answer.elsewhere) this.elsewhere.set(here[index]?.writer.key ?? '', this.now() + ELSEWHERE);
      if (answer.requests !== undefined) this.noteRequests(answer.requests, changes);
      if (answer.pauseSeconds === undefined) this.room.answered(answer.pointers.length > 0 || answer.requests !== undefined);
      else this.room.refused(this.pace.spread(answer.pauseSeconds, 0.2));
      this.succeeded(changes);
      // Also by what the session has written itself: whoever writes much is not to wait longer for the others.
      this.hasChanged ||= hasMoved;
    } catch (error) {
      if (signal.aborted || !(error instanceof PyrgosError) || error.code === 'denied.session') throw error;
      // The machine has slept.
      if (error.code === 'aborted') return;
      if (withRequests && (error.code.startsWith('denied.') || error.code.startsWith('not-found.') || error.code.startsWith('crypto.'))) {
        this.requestsAfter = this.now() + WITHOUT_REQUESTS;
        return;
      }
      if (this.room.failed(error, this.now() - start)) throw error;
      return;
    }
    const watched = new Set(here.filter(isHere));
    const others = this.places.list.filter((place) => !watched.has(place));
    if (others.length > 0 && this.now() >= this.lookAt) await this.look('full', others, signal);
  }

  /** Asks for the own pointer and some of the others, if they are among `places`, and for the requests unless the server watches them. */
  private async look(attention: 'full' | 'low', places: readonly WatchedPlace[], signal: AbortSignal): Promise<void> {
    const changes = new GatheredChanges();
    const [own] = this.places.list;
    const others = places.filter((place) => place !== own);
    const from = this.cursor % Math.max(1, others.length);
    const chosen = [...others.slice(from), ...others.slice(0, from)].slice(0, POINTERS_PER_LOOK);
    this.cursor = from + chosen.length;
    const isAlone = places === this.places.list;
    try {
      if (isAlone && this.now() >= this.requestsAfter) await this.lookForRequests(changes, signal);
      for (const place of own !== undefined && places.includes(own) ? [own, ...chosen] : chosen)
        await this.lookAtPlace(place, changes, signal);
    } catch (error) {
      // What was found is known from now on, so it is told whatever comes after it.
      this.tell(changes.all);
      throw error;
    }
    this.lookAt = this.now() + this.pace.afterLook(attention, changes.all !== undefined);
    if (isAlone) this.succeeded(changes);
    else this.tell(changes.all);
  }

  private async lookAtPlace(place: WatchedPlace, changes: GatheredChanges, signal: AbortSignal): Promise<void> {
    try {
      const signed = await this.account.network.pointers.getPointer(place.owner, place.writer, signal);
      this.note(place, signed ?? new Uint8Array(), changes);
    } catch (error) {
      if (endsLook(error, signal)) throw error;
    }
  }

  private async lookForRequests(changes: GatheredChanges, signal: AbortSignal): Promise<void> {
    const { network, identity, crypto } = this.account;
    try {
      const requests = await network.social.getFollowRequests(identity, signal);
      this.noteRequests(crypto.sha256(encodeCbor(requests.map((request) => request.encode()))), changes);
    } catch (error) {
      if (endsLook(error, signal)) throw error;
      this.requestsAfter = this.now() + WITHOUT_REQUESTS;
    }
  }

  /** Whether a pointer is another one than before. */
  private note(place: WatchedPlace | undefined, signed: Uint8Array, changes: GatheredChanges): boolean {
    if (place === undefined) return false;
    const news = this.known.note(place.writer, signed);
    if (news === 'same') return false;
    const isAccount = place.changes.includes('account');
    if (isAccount && news !== 'first') this.places.isOld = true;
    if (news === 'own') return true;
    this.account.sessions.of(place.owner).refresh();
    for (const change of this.places.changesAt(place)) changes.add(change);
    return true;
  }

  private noteRequests(mark: Uint8Array, changes: GatheredChanges): void {
    const before = this.requestsMark;
    this.requestsMark = mark;
    if (before === undefined || before.some((byte, i) => byte !== mark[i])) changes.add('requests');
  }

  private succeeded(changes: GatheredChanges): void {
    const { all } = changes;
    this.hasChanged = all !== undefined;
    this.pace.recovered();
    this.isKnown = true;
    this.tell(all);
  }

  /** Tells what has changed, and everything to those who have not been told anything yet. */
  private tell(changes: LiveChanges | undefined): void {
    for (const told of Array.from(this.told)) {
      const news = this.isKnown && !told.hasBegun ? this.everything() : changes;
      if (news === undefined) continue;
      told.hasBegun ||= this.isKnown;
      try {
        told.listener(news);
      } catch {
        // A listener has no say in what happens.
      }
    }
  }

  private everything(): LiveChanges {
    const changes = new GatheredChanges();
    changes.add('requests');
    for (const place of this.places.list) for (const change of this.places.changesAt(place)) changes.add(change);
    return changes.all ?? { account: true, requests: true, friends: [], chats: [] };
  }

  private async rest(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (!(milliseconds > 0) || signal.aborted) return;
    if (milliseconds === Infinity) {
      await new Promise<void>((resolve) => whenAborted(signal, () => resolve()));
      return;
    }
    await this.account.clock.sleep(milliseconds, signal).catch(() => undefined);
  }
}

/** Whether nothing more can be asked for now, or ever. Anything else is about one place. */
function endsLook(error: unknown, signal: AbortSignal): boolean {
  if (signal.aborted || !(error instanceof PyrgosError)) return true;
  return ['network', 'rate', 'aborted', 'denied.session'].includes(error.code);
}
