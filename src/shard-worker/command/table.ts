/* The families that the engine runs, in a fixed order: a command has the same number in every thread. Any thread. */
import type { Family } from '../../base/command-spec.ts'
import type { Engine } from '../engine.ts'
import { debugCommands } from './debug/debug.ts'
import { hashCommands } from './hash/hash.ts'
import { hashCountCommands } from './hash/hash-count.ts'
import { hashExpireCommands } from './hash/hash-expire.ts'
import { hashScanCommands } from './hash/hash-scan.ts'
import { databaseCommands } from './key/database.ts'
import { dumpCommands } from './key/dump.ts'
import { expireCommands } from './key/expire.ts'
import { keyCommands } from './key/key.ts'
import { keyMoveCommands } from './key/key-move.ts'
import { memoryCommands } from './key/memory.ts'
import { objectCommands } from './key/object.ts'
import { scanCommands } from './key/scan.ts'
import { sortCommands } from './key/sort.ts'
import { listCommands } from './list/list.ts'
import { listBlockingCommands } from './list/list-blocking.ts'
import { listEditCommands } from './list/list-edit.ts'
import { listMoveCommands } from './list/list-move.ts'
import { listMpopCommands } from './list/list-mpop.ts'
import { stringCommands } from './string/string.ts'
import { stringBitCommands } from './string/string-bit.ts'
import { stringBitFieldCommands } from './string/string-bit-field.ts'
import { stringBitOperationCommands } from './string/string-bit-operation.ts'
import { stringCountCommands } from './string/string-count.ts'
import { stringLcsCommands } from './string/string-lcs.ts'
import { stringRangeCommands } from './string/string-range.ts'

export const shardFamilies: readonly Family<Engine>[] = [
  stringCommands,
  stringCountCommands,
  stringRangeCommands,
  stringLcsCommands,
  stringBitCommands,
  stringBitOperationCommands,
  stringBitFieldCommands,
  hashCommands,
  hashCountCommands,
  hashExpireCommands,
  hashScanCommands,
  listCommands,
  listEditCommands,
  listMoveCommands,
  listBlockingCommands,
  listMpopCommands,
  keyCommands,
  keyMoveCommands,
  dumpCommands,
  expireCommands,
  scanCommands,
  sortCommands,
  objectCommands,
  databaseCommands,
  memoryCommands,
  debugCommands,
]
