/* The families that the engine runs, in a fixed order: a command has the same number in every thread. Any thread. */
import type { Family } from '../../base/command-spec.ts'
import type { Engine } from '../engine.ts'
import { stringCommands } from './string.ts'

export const shardFamilies: readonly Family<Engine>[] = [stringCommands]
