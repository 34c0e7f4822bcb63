/* DEBUG POPULATE count [prefix] [size]: adds keys `prefix:0`, `prefix:1`, ... with values `value:0`, ... cut or filled
 * with zero bytes to `size`; keys that are there stay. Baton holder of every shard. */
import type { Args } from '../../../base/args.ts'
import { bytesOf } from '../../../base/bytes.ts'
import * as errors from '../../../base/error-texts.ts'
import { parsed, parseInteger, SAFE_INTEGER } from '../../../base/number-text.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Engine } from '../../engine.ts'
import { EMBSTR_MAX_BYTES, ENCODING_EMBSTR, ENCODING_RAW, stringOffset, TYPE_STRING } from '../../keyspace/entry.ts'
import { assignString } from '../../keyspace/string.ts'

/** Redis makes the names in a buffer of this size. */
const NAME_MAX_BYTES = 127

export function populate(engine: Engine, args: Args, reply: Reply): void {
  if (args.count > 5) return reply.error(errors.subcommandSyntax(args.text(1), 'DEBUG'))
  const count = parseNatural(args, 2)
  const size = args.count === 5 ? parseNatural(args, 4) : 0
  if (count < 0 || size < 0) return reply.error(errors.NOT_POSITIVE)
  const prefix = args.count === 3 ? 'key' : args.cText(3)
  for (let i = 0; i < count; i++) {
    const key = bytesOf(`${prefix}:${i}`.slice(0, NAME_MAX_BYTES))
    const keyspace = engine.shards[engine.shardOf(key, 0, key.length)].keyspaces[engine.db]
    if (keyspace.findForWrite(key, 0, key.length) !== 0) continue
    const text = bytesOf(`value:${i}`)
    const length = size === 0 ? text.length : size
    const kind = TYPE_STRING | ((length <= EMBSTR_MAX_BYTES ? ENCODING_EMBSTR : ENCODING_RAW) << 4)
    const entry = assignString(keyspace, 0, kind, key, 0, key.length, length)
    const at = stringOffset(keyspace.arena, entry)
    keyspace.arena.u8.fill(0, at, at + length)
    keyspace.arena.u8.set(text.subarray(0, length), at)
    keyspace.wakeWatchers(key, 0, key.length)
  }
  reply.ok()
}

/** Argument `index` as an integer from 0 on, -1 when it is none. */
function parseNatural(args: Args, index: number): number {
  return parseInteger(args.bytes, args.offset[index], args.length[index]) === SAFE_INTEGER ? parsed() : -1
}
