/* Where everything of a shard stands in its arena. Any thread: constants.
 *
 * Root block of the arena, offsets in bytes:
 *
 *   0           4      8           12        16        20     24     28     32     36     40       44   48
 *   | databases | seed | directory | watches | watched | next | more | save | dead | open | cursor | db | parts |
 *
 *   52            56    64                 192
 *   | dead tables | ... | counters f64[16] |
 *
 * databases  their number.   seed  of the key hash, the same in all shards of a process.
 * directory  arena offset of the database records, DATABASE_BYTES each.
 * watches    arena offset of the watch table, 0 = none (see watch.ts).   watched  keys in it.
 * next       database that the next expire cycle begins with.   more  1 when the last one ran out of time.
 * save       what a snapshot does here: SAVE_NONE, SAVE_RUNS, SAVE_DROPPED (see save-walk.ts).
 * dead       the first of the entries, and of the tables, that are to be freed, 0 = none (see lazyfree.ts).
 * open       entry in whose midst it has stopped, 0 = none; cursor and db: how far, and where it belongs.
 * parts      parts of such values that it has sent (open-value.ts).
 *
 * Database record, two cache lines:
 *
 *   0            32              64           72           76          80             84    96               128
 *   | keys Table | expires Table | avgTtl f64 | cursor u32 | saved u32 | volatile u32 | ... | detached Table |
 *
 * saved      the number that the database had when the running snapshot began: SWAPDB changes numbers.
 * volatile   root of the heap of the hashes whose fields expire (see expiry-heap.ts).
 * detached   keys that were flushed while a snapshot had yet to save them.
 *
 * The counters are written by the baton holder alone and may be read by any thread at any time (aligned 8-byte
 * loads). */
import { TABLE_BYTES } from './table/table-layout.ts'

export const ROOT_DATABASES = 0
export const ROOT_SEED = 4
export const ROOT_DIRECTORY = 8
export const ROOT_WATCHES = 12
export const ROOT_WATCHED = 16
export const ROOT_EXPIRE_DATABASE = 20
export const ROOT_EXPIRE_MORE = 24
export const ROOT_SAVE = 28
export const ROOT_DEAD_ENTRIES = 32
export const ROOT_OPEN_ENTRY = 36
export const ROOT_OPEN_CURSOR = 40
export const ROOT_OPEN_DB = 44
export const ROOT_SAVED_PARTS = 48
export const ROOT_DEAD_TABLES = 52
export const ROOT_COUNTERS = 64

export const DATABASE_BYTES = 128
export const DATABASE_EXPIRES = TABLE_BYTES
export const DATABASE_AVERAGE_TTL = 64
export const DATABASE_EXPIRE_CURSOR = 72
export const DATABASE_SAVED_AS = 76
export const DATABASE_VOLATILE_HASHES = 80
export const DATABASE_DETACHED = 96

export const SAVE_NONE = 0
/** The shard has keys that the snapshot has yet to save. */
export const SAVE_RUNS = 1
/** The snapshot was given up: what it left behind is to be taken away. */
export const SAVE_DROPPED = 2

/* Counters by index. */
export const KEYSPACE_HITS = 0
export const KEYSPACE_MISSES = 1
export const EXPIRED_KEYS = 2
export const EVICTED_KEYS = 3
/** Changes since the start (rdb_changes_since_last_save derives from it). */
export const DIRTY = 4
export const EXPIRED_TIME_CAP_REACHED = 5
export const EXPIRE_CYCLE_US = 6
/** Keys that were deleted lazily and have been freed since, and those that have not. */
export const LAZY_FREED_OBJECTS = 7
export const LAZY_FREE_PENDING = 12
/** Share of sampled volatile keys that were logically expired, times 100 (expired_stale_perc). */
export const EXPIRED_STALE_PERCENT = 8
/** Keys that the running snapshot, or the last one, has saved. */
export const SAVED_KEYS = 9
/** Bytes of the keys that this snapshot, or the last one, saved out of turn, for commands were about to change them. */
export const COPIED_BYTES = 11
/** Times that FLUSHALL has run; the first shard counts them. */
export const FLUSHES = 10
export const EXPIRED_FIELDS = 11
export const COUNTERS = 16
