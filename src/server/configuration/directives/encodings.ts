/* Directives that say up to which size a value keeps its compact encoding. */
import { DEBUG, integer, memory } from '../directive.ts'
import { INT_MAX, INT_MIN, LONG_MAX } from '../integers.ts'

const entries = (count: number, alias?: string) =>
  integer({ min: 0, max: LONG_MAX, default: count, ...(alias === undefined ? {} : { alias }) })
const bytes = (count: number, alias?: string) =>
  memory({ min: 0, max: LONG_MAX, default: count, ...(alias === undefined ? {} : { alias }) })

export const encodingDirectives = {
  'hash-max-listpack-entries': entries(512, 'hash-max-ziplist-entries'),
  'hash-max-listpack-value': bytes(64, 'hash-max-ziplist-value'),
  'list-max-listpack-size': integer({ min: INT_MIN, max: INT_MAX, default: -2, alias: 'list-max-ziplist-size' }),
  'list-compress-depth': integer({ min: 0, max: INT_MAX, default: 0, flags: DEBUG }),
  'set-max-intset-entries': entries(512),
  'set-max-listpack-entries': entries(128),
  'set-max-listpack-value': entries(64),
  'zset-max-listpack-entries': entries(128, 'zset-max-ziplist-entries'),
  'zset-max-listpack-value': bytes(64, 'zset-max-ziplist-value'),
  'stream-node-max-bytes': bytes(4096),
  'stream-node-max-entries': entries(100),
  'hll-sparse-max-bytes': bytes(3000),
}
