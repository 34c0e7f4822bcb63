/* Directives of memory: its limit, eviction, expiry, lazy freeing, defragmentation. */
import { type Check, choice, DEBUG, integer, memory, memoryOrPercent, yesNo } from '../directive.ts'
import { INT_MAX, LONG_MAX, ULONG_MAX } from '../integers.ts'

const NO_JEMALLOC = 'there is no jemalloc to defragment'

/* A redis.conf that asks for it must not keep the server from starting; a program that turns it on must learn that it
 * is not there. The text is the one by which clients know a Redis without jemalloc. */
const refuseDefrag: Check<boolean> = (wanted, context) =>
  !wanted || context.source === 'file' || context.shown('activedefrag') === 'yes'
    ? null
    : 'Active defragmentation cannot be enabled: it requires a Redis server compiled with a modified Jemalloc like ' +
      'the one shipped by default with the Redis source distribution'

export const memoryDirectives = {
  maxmemory: memory({ min: 0, max: ULONG_MAX, default: 0 }),
  'maxmemory-policy': choice(
    [
      'volatile-lru',
      'volatile-lfu',
      'volatile-random',
      'volatile-ttl',
      'allkeys-lru',
      'allkeys-lfu',
      'allkeys-random',
      'noeviction',
    ],
    { default: 'noeviction' },
  ),
  'maxmemory-samples': integer({ min: 1, max: INT_MAX, default: 5 }),
  'maxmemory-eviction-tenacity': integer({ min: 0, max: 100, default: 10 }),
  'maxmemory-clients': memoryOrPercent({ min: -100, max: LONG_MAX, default: 0 }),
  'lfu-log-factor': integer({ min: 0, max: INT_MAX, default: 10 }),
  'lfu-decay-time': integer({ min: 0, max: INT_MAX, default: 1 }),
  'active-expire-effort': integer({ min: 1, max: 10, default: 1 }),
  'lazyfree-lazy-eviction': yesNo(false, { flags: DEBUG }),
  'lazyfree-lazy-expire': yesNo(false, { flags: DEBUG }),
  'lazyfree-lazy-server-del': yesNo(false, { flags: DEBUG }),
  'lazyfree-lazy-user-del': yesNo(false, { flags: DEBUG }),
  'lazyfree-lazy-user-flush': yesNo(false, { flags: DEBUG }),
  activerehashing: yesNo(true),
  'tracking-table-max-keys': integer({ min: 0, max: LONG_MAX, default: 1000000 }),
  activedefrag: yesNo(false, { flags: DEBUG, check: refuseDefrag, ignored: NO_JEMALLOC }),
  'active-defrag-cycle-min': integer({ min: 1, max: 99, default: 1 }),
  'active-defrag-cycle-max': integer({ min: 1, max: 99, default: 25 }),
  'active-defrag-threshold-lower': integer({ min: 0, max: 1000, default: 10 }),
  'active-defrag-threshold-upper': integer({ min: 0, max: 1000, default: 100 }),
  'active-defrag-ignore-bytes': memory({ min: 1, max: LONG_MAX, default: 100 * 1024 * 1024 }),
  'active-defrag-max-scan-fields': integer({ min: 1, max: LONG_MAX, default: 1000 }),
  'jemalloc-bg-thread': yesNo(true),
}
