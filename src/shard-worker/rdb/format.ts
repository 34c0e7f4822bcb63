/* The numbers of the RDB format (docs/format/rdb.md). Any thread. */

/** The newest version that can be written and read: that of Redis 7.4. */
export const NEWEST_VERSION = 12

/* How a length begins. The top two bits of its first byte tell the form; 11 is no length but a kind of string. */
export const LENGTH_14_BITS = 0x40
export const LENGTH_32_BITS = 0x80
export const LENGTH_64_BITS = 0x81
export const ENCODED = 0xc0

export const ENCODED_INT8 = 0
export const ENCODED_INT16 = 1
export const ENCODED_INT32 = 2
export const ENCODED_LZF = 3

/* What stands before a key and its value: how the value is written. */
export const RDB_STRING = 0
export const RDB_LIST = 1
const RDB_SET = 2
const RDB_ZSET = 3
export const RDB_HASH = 4
const RDB_ZSET_2 = 5
const RDB_MODULE_PRE_GA = 6
export const RDB_MODULE_2 = 7
export const RDB_HASH_ZIPMAP = 9
export const RDB_LIST_ZIPLIST = 10
const RDB_SET_INTSET = 11
const RDB_ZSET_ZIPLIST = 12
export const RDB_HASH_ZIPLIST = 13
export const RDB_LIST_QUICKLIST = 14
const RDB_STREAM_LISTPACKS = 15
export const RDB_HASH_LISTPACK = 16
const RDB_ZSET_LISTPACK = 17
export const RDB_LIST_QUICKLIST_2 = 18
const RDB_STREAM_LISTPACKS_2 = 19
const RDB_SET_LISTPACK = 20
const RDB_STREAM_LISTPACKS_3 = 21
/* Hashes with fields that expire, of Redis 7.4: the first two as its release candidates wrote them. */
export const RDB_HASH_METADATA_PRE_GA = 22
export const RDB_HASH_LISTPACK_EX_PRE_GA = 23
export const RDB_HASH_METADATA = 24
export const RDB_HASH_LISTPACK_EX = 25

/* What can stand in a file beside keys. */
/** What is less is the type of a value. */
export const FIRST_OPCODE = 244
export const OPCODE_SLOT_INFO = 244
export const OPCODE_FUNCTION2 = 245
export const OPCODE_FUNCTION_PRE_GA = 246
export const OPCODE_MODULE_AUX = 247
export const OPCODE_IDLE = 248
export const OPCODE_FREQUENCY = 249
export const OPCODE_AUX = 250
export const OPCODE_RESIZEDB = 251
export const OPCODE_EXPIRETIME_MS = 252
export const OPCODE_EXPIRETIME = 253
export const OPCODE_SELECTDB = 254
export const OPCODE_EOF = 255

/* How the nodes of a quicklist are written. */
export const CONTAINER_PLAIN = 1
export const CONTAINER_PACKED = 2

/** What redis-check-rdb calls each of them. */
const RDB_TYPE_NAMES: readonly string[] = nameList([
  [RDB_STRING, 'string'],
  [RDB_LIST, 'list-linked'],
  [RDB_SET, 'set-hashtable'],
  [RDB_ZSET, 'zset-v1'],
  [RDB_HASH, 'hash-hashtable'],
  [RDB_ZSET_2, 'zset-v2'],
  [RDB_MODULE_PRE_GA, 'module-pre-release'],
  [RDB_MODULE_2, 'module-value'],
  [RDB_HASH_ZIPMAP, 'hash-zipmap'],
  [RDB_LIST_ZIPLIST, 'list-ziplist'],
  [RDB_SET_INTSET, 'set-intset'],
  [RDB_ZSET_ZIPLIST, 'zset-ziplist'],
  [RDB_HASH_ZIPLIST, 'hash-ziplist'],
  [RDB_LIST_QUICKLIST, 'quicklist'],
  [RDB_STREAM_LISTPACKS, 'stream'],
  [RDB_HASH_LISTPACK, 'hash-listpack'],
  [RDB_ZSET_LISTPACK, 'zset-listpack'],
  [RDB_LIST_QUICKLIST_2, 'quicklist-v2'],
  [RDB_STREAM_LISTPACKS_2, 'stream-v2'],
  [RDB_SET_LISTPACK, 'set-listpack'],
  [RDB_STREAM_LISTPACKS_3, 'stream-v3'],
  [RDB_HASH_METADATA_PRE_GA, 'hash-hashtable-md-pre-release'],
  [RDB_HASH_LISTPACK_EX_PRE_GA, 'hash-listpack-md-pre-release'],
  [RDB_HASH_METADATA, 'hash-hashtable-md'],
  [RDB_HASH_LISTPACK_EX, 'hash-listpack-md'],
])

function nameList(pairs: readonly (readonly [number, string])[]): string[] {
  const names: string[] = []
  for (const [number, name] of pairs) names[number] = name
  return names
}

/** The version of a payload that may have any value but this one, and must be newer for it. */
export function payloadVersion(rdbType: number, version: number): number {
  return rdbType >= RDB_HASH_METADATA_PRE_GA ? NEWEST_VERSION : version
}

/** What an RDB type is called in errors. */
export function rdbTypeName(rdbType: number): string {
  return RDB_TYPE_NAMES[rdbType] ?? `unknown type ${rdbType}`
}

/** No integer of 8, 16 or 32 bits has a longer text. */
export const ENCODED_INTEGER_TEXT_BYTES = 11
/** A string must be longer to be worth compressing. */
export const COMPRESSED_ABOVE_BYTES = 20
/** What compression must save at least. */
export const LEAST_SAVED_BYTES = 4
