/* The families that the engine runs, in a fixed order: a command has the same number in every thread. Any thread. */
import type { Family } from '../../base/command-spec.ts'
import type { Engine } from '../engine.ts'
import { stringCommands } from './string.ts'
import { stringCountCommands } from './string-count.ts'
import { stringLcsCommands } from './string-lcs.ts'
import { stringRangeCommands } from './string-range.ts'

export const shardFamilies: readonly Family<Engine>[] = [
  stringCommands,
  stringCountCommands,
  stringRangeCommands,
  stringLcsCommands,
]
