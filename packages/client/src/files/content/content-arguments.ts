import {
  assertBoolean,
  assertFunction,
  assertInstance,
  assertMethods,
  assertObject,
  assertOptionalInstance,
  assertString,
} from '@pyrgos/core/arguments';
import { assertInteger } from '@pyrgos/core/bytes';
import { HashTree } from '@pyrgos/core/containers';
import { ArgumentError } from '@pyrgos/core/errors';
import { BatId } from '@pyrgos/core/keys';
import { ResumeUploadProps, Thumbnail, Timestamp } from '@pyrgos/core/model';
import { Item, OperationView } from '../view/index.js';
import type { ContentPorts } from './content-ports.js';
import type { UploadOptions } from './upload-options.js';
import { UploadTransactions } from './upload-transactions.js';

/** Most chunks in flight: more than that helps nobody, and each takes 25 MiB. */
export const MAX_CHUNKS_IN_FLIGHT = 8;
/** Most chunks between two commits: 5 GiB. */
const MAX_CHUNKS_PER_COMMIT = 1024;

/** Checks what every change of content takes; ArgumentError for what callers in plain JavaScript can get wrong. */
export function assertContentCall(operation: unknown, ports: unknown, field: string, item: unknown, options: unknown): void {
  assertInstance('operation', operation, OperationView);
  assertContentPorts(ports);
  assertInstance(field, item, Item);
  assertObject('options', options);
}

/** Checks ports. */
export function assertContentPorts(ports: unknown): asserts ports is ContentPorts {
  assertObject('ports', ports);
  const { blocks, clock, thumbnailer, mirrorBatId, chunksInFlight, chunksPerCommit, space } = ports as Partial<ContentPorts>;
  assertMethods('ports.blocks', blocks, 'startTransaction', 'putBlocks', 'closeTransaction');
  if (clock !== undefined) assertMethods('ports.clock', clock, 'now', 'sleep');
  if (thumbnailer !== undefined) assertMethods('ports.thumbnailer', thumbnailer, 'create');
  if (space !== undefined) assertMethods('ports.space', space, 'usage', 'quota');
  assertOptionalInstance('ports.mirrorBatId', mirrorBatId, BatId);
  if (chunksInFlight !== undefined) assertInteger('ports.chunksInFlight', chunksInFlight, 1, MAX_CHUNKS_IN_FLIGHT);
  if (chunksPerCommit !== undefined) assertInteger('ports.chunksPerCommit', chunksPerCommit, 1, MAX_CHUNKS_PER_COMMIT);
}

/** Checks the options of uploads, edits and replacements that are there. */
export function assertUploadOptions(options: UploadOptions): void {
  const { modified, created, isHidden, mimeType, thumbnail, hashTree, onProgress, transactions, resume, onExisting, trustsHash } = options;
  if (options.keepsProperties !== undefined) assertBoolean('options.keepsProperties', options.keepsProperties);
  if (options.fallbackMimeType !== undefined) assertString('options.fallbackMimeType', options.fallbackMimeType);
  assertOptionalInstance('options.modified', modified, Timestamp);
  assertOptionalInstance('options.created', created, Timestamp);
  assertOptionalInstance('options.thumbnail', thumbnail, Thumbnail);
  assertOptionalInstance('options.hashTree', hashTree, HashTree);
  assertOptionalInstance('options.transactions', transactions, UploadTransactions);
  assertOptionalInstance('options.resume', resume, ResumeUploadProps);
  if (isHidden !== undefined) assertBoolean('options.isHidden', isHidden);
  if (trustsHash !== undefined) assertBoolean('options.trustsHash', trustsHash);
  if (mimeType !== undefined) assertString('options.mimeType', mimeType);
  if (onProgress !== undefined) assertFunction('options.onProgress', onProgress);
  const isKnown = onExisting === undefined || typeof onExisting === 'function' || ['error', 'skip', 'replace'].includes(onExisting);
  if (!isKnown) throw new ArgumentError('options.onExisting', 'must be error, skip, replace or a function');
}
