import { useSyncExternalStore } from 'react';
import type { ConflictAnswer, UploadConflict, UploadItem } from '../../engine/calls.js';
import { isLinkTree, type TreeId } from '../../app/shown-tree.js';
import { onConnectionBack } from '../../engine/connection-store.js';
import type { EngineClient } from '../../engine/engine-client.js';
import { EngineError } from '../../engine/engine-fault.js';
import { engine } from '../../engine/start-engine.js';
import { refreshDirectories } from '../drive/directory-store.js';
import { newItemId } from './dropped-items.js';
import { SpeedMeter } from './speed-meter.js';
import { chosenAgain, type CutOffUpload, type NotedUpload, UploadJournal } from './upload-journal.js';

/** Something that is being transferred, or was. */
export interface TransferItem {
  readonly id: number;
  readonly name: string;
  readonly size: number;
  readonly isFolder: boolean;
  readonly done: number;
  readonly state: 'waiting' | 'running' | 'done' | 'unchanged' | 'skipped' | 'failed' | 'cancelled';
  readonly error: unknown;
  /** The name that it got beside a file of its own name. */
  readonly storedAs?: string | undefined;
}

/** One upload or download that somebody has asked for; it may have many items. */
export interface Transfer {
  readonly id: number;
  readonly kind: 'upload' | 'download';
  /** The files that it belongs to: it is gone on with only while the page shows them. */
  readonly tree: TreeId | undefined;
  /** The directory it goes to, or what is downloaded. */
  readonly title: string;
  readonly items: readonly TransferItem[];
  /** Bytes of all items; undefined while nobody knows. */
  readonly total: number | undefined;
  readonly done: number;
  /** Bytes a second, lately. */
  readonly speed: number | undefined;
  readonly state: 'running' | 'done' | 'failed' | 'cancelled';
  readonly error: unknown;
  readonly cancel: () => void;
  /** Does what was not done once more. */
  readonly retry: (() => void) | undefined;
}

/** A question about a file that is there already; it waits for {@link answer}. */
export interface OpenConflict {
  readonly conflict: UploadConflict;
  readonly name: string;
  /** Whether more may follow, so that "for all" makes sense. */
  readonly hasMore: boolean;
  readonly answer: (answer: ConflictAnswer, forAll: boolean) => void;
}

/** What the panel shows. */
export interface TransferState {
  readonly transfers: readonly Transfer[];
  /** What the page shows; undefined at the front door. */
  readonly tree: TreeId | undefined;
  readonly conflict: OpenConflict | undefined;
  /** What the page before this one has not come to the end of. */
  readonly cutOff: readonly CutOffUpload[];
  /** Whether the list is shown, or only a line about it; what somebody has chosen holds on every screen. */
  readonly isOpen: boolean;
  /** Whether everything has ended well, and only a line is left until something new begins. */
  readonly isResting: boolean;
}

/** Milliseconds between two pictures of what goes on: people cannot read faster. */
const PICTURE_INTERVAL = 200;

/** Everything that is uploaded and downloaded in this page. */
export class TransferStore {
  private state: TransferState;
  private readonly listeners = new Set<() => void>();
  private nextId = 1;
  /** What pages before this one have not come to the end of, in each tree that was shown. */
  private readonly cutOff = new Map<TreeId, readonly CutOffUpload[]>();
  private picture: ReturnType<typeof setTimeout> | undefined;
  /** Of uploads that have failed: they can be gone on with, here or after the page is loaded again. */
  private readonly noted = new Map<number, NotedUpload | undefined>();
  /** Uploads that have failed only because the server was away. */
  private readonly lost = new Set<number>();
  private questions: readonly OpenConflict[] = [];
  private readonly pending = new Map<number, (transfer: Transfer) => Transfer>();

  constructor(
    private readonly client: EngineClient,
    private readonly now: () => number = () => performance.now(),
    /** Whether the list is shown until somebody chooses. */
    isOpen = true,
    private readonly journal = new UploadJournal(undefined),
  ) {
    this.state = { transfers: [], tree: undefined, conflict: undefined, cutOff: [], isOpen, isResting: false };
  }

  readonly snapshot = (): TransferState => this.state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  /** Whether leaving the page now would cut something off. */
  get isBusy(): boolean {
    return this.state.transfers.some(({ state }) => state === 'running');
  }

  /** Whether {@link leave} would cut something off. */
  isBusyBut(except: TreeId | undefined): boolean {
    return this.state.transfers.some(({ state, tree }) => state === 'running' && isLeft(tree, except));
  }

  /** The page shows a tree: what is begun belongs to it from now on, and what was cut off before is found again. */
  enter(tree: TreeId): void {
    if (this.state.tree === tree) return;
    // What this page has begun itself is none of it: that is looked for before there is any.
    const cutOff = this.cutOff.get(tree) ?? this.journal.left(tree);
    this.cutOff.set(tree, cutOff);
    this.set({ ...this.state, tree, cutOff });
  }

  /** The page does not show its tree any more, and is going to show it again. */
  exit(): void {
    this.set({ ...this.state, tree: undefined, cutOff: [] });
  }

  /** Somebody leaves: what is under way is cancelled, and nothing is left to be seen. Only what belongs to the tree `except`, which the page goes on showing, stays. */
  leave(except?: TreeId): void {
    const left = this.state.transfers.filter(({ tree }) => isLeft(tree, except));
    for (const { state, cancel } of left) if (state === 'running') cancel();
    this.journal.forgetAll(except);
    for (const { id } of left) this.pending.delete(id);
    for (const tree of this.cutOff.keys()) if (isLeft(tree, except)) this.cutOff.delete(tree);
    const transfers = this.state.transfers.filter(({ tree }) => !isLeft(tree, except));
    const kept = except === undefined ? { tree: undefined, conflict: undefined, cutOff: [] } : {};
    this.set({ ...this.state, ...kept, transfers, isResting: false });
  }

  /** Goes on with an upload that was cut off, with what was chosen again. False when none of it is among what is left. */
  goOn(upload: CutOffUpload, chosen: readonly UploadItem[]): boolean {
    const again = chosenAgain(upload.items, chosen, newItemId);
    if (!again.some(({ file }) => file !== undefined)) return false;
    this.forget(upload);
    void this.upload(upload.directory, again);
    return true;
  }

  /** The server is back: what it was missed for goes on. */
  connectionBack(): void {
    const lost = this.state.transfers.filter(({ id, tree }) => this.lost.has(id) && tree === this.state.tree);
    for (const { id, retry } of lost) {
      this.lost.delete(id);
      retry?.();
    }
  }

  /** Forgets an upload that was cut off. */
  forget({ id }: CutOffUpload): void {
    this.journal.forget(id);
    this.setCutOff(this.state.cutOff.filter((upload) => upload.id !== id));
  }

  /** Shows the list, or only a line about it. */
  setOpen(isOpen: boolean): void {
    this.set({ ...this.state, isOpen, isResting: false });
  }

  /** Leaves only a line of what has ended well; of anything else nothing changes. The next transfer takes its place. */
  rest(): void {
    if (hasEndedWell(this.state)) this.set({ ...this.state, isResting: true });
  }

  /** Uploads things into a directory. Ends when all is done, whatever came of it. */
  async upload(directory: string, items: readonly UploadItem[]): Promise<void> {
    if (items.length === 0) return;
    const id = this.nextId++;
    const stop = new AbortController();
    const { tree } = this.state;
    const noted = tree === undefined ? undefined : this.journal.begin(tree, directory, items);
    const itemOf = new Map(items.map((item) => [item.id, item]));
    const meter = new SpeedMeter(this.now);
    const running = new Map<number, TransferItem>(
      items.map((item) => [
        item.id,
        {
          id: item.id,
          name: item.path.join('/'),
          size: item.file?.size ?? 0,
          isFolder: item.file === undefined,
          done: 0,
          state: 'waiting',
          error: undefined,
        },
      ]),
    );
    const sum = (of: (item: TransferItem) => number): number => [...running.values()].reduce((bytes, item) => bytes + of(item), 0);
    const total = sum(({ size }) => size);
    let bytes = 0;
    this.add({
      id,
      kind: 'upload',
      tree,
      title: directory,
      items: [...running.values()],
      total,
      done: 0,
      speed: undefined,
      state: 'running',
      error: undefined,
      cancel: () => {
        stop.abort();
      },
      retry: undefined,
    });
    const set = (item: number, changes: Partial<TransferItem>): void => {
      const known = running.get(item);
      if (known === undefined) return;
      const next = { ...known, ...changes };
      running.set(item, next);
      bytes += next.done - known.done;
      meter.add(bytes);
      this.change(id, (transfer) => ({ ...transfer, items: [...running.values()], done: bytes, speed: meter.speed }));
    };
    let forAll: ConflictAnswer | undefined;
    let error: unknown;
    try {
      await this.client.call(
        'upload.run',
        { directory, items, isInLink: tree !== undefined && isLinkTree(tree) },
        {
          signal: stop.signal,
          onEvent: (event) => {
            const size = running.get(event.id)?.size ?? 0;
            if (event.kind === 'progress') set(event.id, { state: 'running', done: Math.min(event.done, size) });
            else if (event.kind === 'done') {
              const item = itemOf.get(event.id);
              if (item !== undefined) noted?.done(item);
              set(event.id, { state: event.outcome === 'stored' ? 'done' : event.outcome, done: size, storedAs: event.name });
            } else set(event.id, { state: 'failed', error: new EngineError(event.fault) });
          },
          onQuestion: async (conflict) =>
            forAll ??
            new Promise<ConflictAnswer>((resolve) => {
              const onAbort = (): void => {
                close('skip', false);
              };
              const close = (answer: ConflictAnswer, everywhere: boolean): void => {
                if (everywhere) forAll = answer;
                stop.signal.removeEventListener('abort', onAbort);
                this.questions = this.questions.filter((other) => other !== question);
                this.set({ ...this.state, conflict: this.questions[0] });
                resolve(answer);
              };
              const name = running.get(conflict.id)?.name ?? '';
              const question: OpenConflict = { conflict, name, hasMore: items.length > 1, answer: close };
              stop.signal.addEventListener('abort', onAbort);
              // Another upload may have asked: its question comes first.
              this.questions = [...this.questions, question];
              this.set({ ...this.state, conflict: this.questions[0] });
            }),
        },
      );
    } catch (caught) {
      error = caught;
    }
    if (!this.state.transfers.some((transfer) => transfer.id === id)) return;
    const unfinished = items.filter((item) => ['waiting', 'running', 'failed'].includes(running.get(item.id)?.state ?? ''));
    for (const item of unfinished) {
      const known = running.get(item.id);
      if (known !== undefined && known.state !== 'failed') {
        running.set(item.id, { ...known, state: stop.signal.aborted ? 'cancelled' : 'failed', error });
      }
    }
    if (unfinished.length === 0 || stop.signal.aborted) noted?.end();
    else {
      this.noted.set(id, noted);
      if (unfinished.every((item) => isLost(running.get(item.id)?.error))) this.lost.add(id);
    }
    this.change(id, (transfer) => ({
      ...transfer,
      items: [...running.values()],
      done: bytes,
      state: stop.signal.aborted ? 'cancelled' : unfinished.length > 0 ? 'failed' : 'done',
      error: stop.signal.aborted ? undefined : error,
      retry:
        unfinished.length === 0
          ? undefined
          : () => {
              // Another tree may have the same paths.
              if (this.state.tree !== tree) return;
              this.dismiss(id);
              void this.upload(directory, unfinished);
            },
    }));
    refreshDirectories([directory, ...items.map(({ path }) => [directory, ...path.slice(0, -1)].join('/'))]);
  }

  /** Shows something that is downloaded; gives the ways to tell how it goes. */
  download(
    title: string,
    total: number | undefined,
    cancel: () => void,
  ): {
    readonly progress: (done: number) => void;
    readonly end: (state: 'done' | 'failed' | 'cancelled', error?: unknown) => void;
  } {
    const id = this.nextId++;
    const meter = new SpeedMeter(this.now);
    this.add({
      id,
      kind: 'download',
      tree: this.state.tree,
      title,
      items: [],
      total,
      done: 0,
      speed: undefined,
      state: 'running',
      error: undefined,
      cancel,
      retry: undefined,
    });
    let bytes = 0;
    return {
      progress: (done) => {
        bytes = done;
        meter.add(done);
        this.change(id, (transfer) => ({ ...transfer, done, speed: meter.speed }));
      },
      end: (state, error) => {
        this.change(id, (transfer) => ({ ...transfer, done: bytes, state, error }));
      },
    };
  }

  /** Takes what is over off the list. */
  dismiss(id: number): void {
    this.endNotes(id);
    this.set({ ...this.state, transfers: this.state.transfers.filter((transfer) => transfer.id !== id || transfer.state === 'running') });
  }

  /** Takes everything that is over off the list. */
  dismissAll(): void {
    for (const { id, state } of this.state.transfers) if (state !== 'running') this.endNotes(id);
    for (const { id } of this.state.cutOff) this.journal.forget(id);
    this.setCutOff([]);
    this.set({ ...this.state, transfers: this.state.transfers.filter(({ state }) => state === 'running') });
  }

  private setCutOff(cutOff: readonly CutOffUpload[]): void {
    if (this.state.tree !== undefined) this.cutOff.set(this.state.tree, cutOff);
    this.set({ ...this.state, cutOff });
  }

  private endNotes(id: number): void {
    this.noted.get(id)?.end();
    this.noted.delete(id);
    this.lost.delete(id);
  }

  private add(transfer: Transfer): void {
    const { isResting, transfers: before } = this.state;
    this.set({ ...this.state, isResting: false, transfers: [...(isResting ? [] : before), transfer] });
  }

  /** Changes that come fast are shown together; each says all that has changed, so the last one counts. */
  private change(id: number, change: (transfer: Transfer) => Transfer): void {
    this.pending.set(id, change);
    this.picture ??= setTimeout(() => {
      this.picture = undefined;
      const changes = new Map(this.pending);
      this.pending.clear();
      this.set({
        ...this.state,
        transfers: this.state.transfers.map((transfer) => changes.get(transfer.id)?.(transfer) ?? transfer),
      });
    }, PICTURE_INTERVAL);
  }

  private set(state: TransferState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}

/** Whether there is something, and all of it was done: nothing is under way, nothing has failed, and nothing is asked. */
export function hasEndedWell({ transfers: list, conflict, cutOff }: TransferState): boolean {
  return list.length > 0 && list.every(({ state }) => state === 'done') && conflict === undefined && cutOff.length === 0;
}

/** Whether something of a tree goes when all but one tree is left. */
function isLeft(tree: TreeId | undefined, except: TreeId | undefined): boolean {
  return except === undefined || tree !== except;
}

function isLost(error: unknown): boolean {
  return error instanceof EngineError && error.code === 'network';
}

/** Windows in which the list would hide what somebody is looking at; a line is enough there. */
const NARROW = '(max-width: 40rem)';

let store: TransferStore | undefined;

/** The storage of the tab, where the browser allows it. */
function tabStorage(): Storage | undefined {
  try {
    return sessionStorage;
  } catch {
    return undefined;
  }
}

/** The transfers of this page. */
export function transfers(): TransferStore {
  if (store !== undefined) return store;
  const made = new TransferStore(engine(), undefined, !matchMedia(NARROW).matches, new UploadJournal(tabStorage()));
  onConnectionBack(() => {
    made.connectionBack();
  });
  store = made;
  return made;
}

/** The transfers, in a component. */
export function useTransfers(): TransferState {
  const { subscribe, snapshot } = transfers();
  return useSyncExternalStore(subscribe, snapshot);
}
