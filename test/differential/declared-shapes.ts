/* The shapes of every command that Spinel declares, without a server to run them. */

import { ioFamilies } from '../../src/server/server-commands.ts'
import { shardFamilies } from '../../src/shard-worker/command/table.ts'
import type { CommandShape } from './shapes.ts'
import { shapesOf } from './shapes.ts'

export function declaredShapes(): CommandShape[] {
  const families = [
    ...shardFamilies,
    ...ioFamilies(() => {
      throw new Error('declarations are only read here')
    }),
  ]
  return families.flatMap((family) => shapesOf(family.commands, family.group))
}
