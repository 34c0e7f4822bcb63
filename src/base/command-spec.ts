/* How a command is declared: one object per command, beside its handler. Routing, COMMAND, COMMAND DOCS, ACL, key
 * extraction and the differential tests' generator derive from these; nothing else lists commands. Any thread.
 * Names of flags, categories and key specifications follow https://redis.io/docs/reference/command-tips/ and
 * https://redis.io/docs/reference/key-specs/. */
import type { Args } from './args.ts'
import { assert } from './assert.ts'
import type { Reply } from './reply.ts'

/* Command flags, as COMMAND INFO shows them (see FLAG_NAMES). */
export const WRITE = 1 << 0
export const READONLY = 1 << 1
export const DENYOOM = 1 << 2
export const ADMIN = 1 << 3
export const PUBSUB = 1 << 4
export const NOSCRIPT = 1 << 5
export const BLOCKING = 1 << 6
export const LOADING = 1 << 7
export const STALE = 1 << 8
export const SKIP_MONITOR = 1 << 9
export const SKIP_SLOWLOG = 1 << 10
export const ASKING = 1 << 11
export const FAST = 1 << 12
export const NO_AUTH = 1 << 13
export const MAY_REPLICATE = 1 << 14
export const NO_MANDATORY_KEYS = 1 << 15
export const NO_ASYNC_LOADING = 1 << 16
export const NO_MULTI = 1 << 17
export const ALLOW_BUSY = 1 << 18
export const MOVABLE_KEYS = 1 << 19
/**
 * The handler runs in time that grows with the data: handed to the worker rather than run inline (see
 * inline-execution).
 */
export const HEAVY = 1 << 20

/** Runs only where enable-debug-command, or its like, says so. */
export const PROTECTED = 1 << 21

/** Flag bits and their names in COMMAND INFO, in Redis's order; MAY_REPLICATE, HEAVY and PROTECTED are not shown. */
export const FLAG_NAMES: readonly (readonly [number, string])[] = [
  [WRITE, 'write'],
  [READONLY, 'readonly'],
  [DENYOOM, 'denyoom'],
  [ADMIN, 'admin'],
  [PUBSUB, 'pubsub'],
  [NOSCRIPT, 'noscript'],
  [BLOCKING, 'blocking'],
  [LOADING, 'loading'],
  [STALE, 'stale'],
  [SKIP_MONITOR, 'skip_monitor'],
  [SKIP_SLOWLOG, 'skip_slowlog'],
  [ASKING, 'asking'],
  [FAST, 'fast'],
  [NO_AUTH, 'no_auth'],
  [NO_MANDATORY_KEYS, 'no_mandatory_keys'],
  [NO_ASYNC_LOADING, 'no_async_loading'],
  [NO_MULTI, 'no_multi'],
  [MOVABLE_KEYS, 'movablekeys'],
  [ALLOW_BUSY, 'allow_busy'],
]

/* ACL categories. @read/@write/@fast/@slow/@admin/@dangerous/@blocking/@pubsub follow from flags as in Redis
 * (aclCategories()); a declaration names only the rest. */
export const ACL_KEYSPACE = 1 << 0
export const ACL_READ = 1 << 1
export const ACL_WRITE = 1 << 2
export const ACL_SET = 1 << 3
export const ACL_SORTEDSET = 1 << 4
export const ACL_LIST = 1 << 5
export const ACL_HASH = 1 << 6
export const ACL_STRING = 1 << 7
export const ACL_BITMAP = 1 << 8
export const ACL_HYPERLOGLOG = 1 << 9
export const ACL_GEO = 1 << 10
export const ACL_STREAM = 1 << 11
export const ACL_PUBSUB = 1 << 12
export const ACL_ADMIN = 1 << 13
export const ACL_FAST = 1 << 14
export const ACL_SLOW = 1 << 15
export const ACL_BLOCKING = 1 << 16
export const ACL_DANGEROUS = 1 << 17
export const ACL_CONNECTION = 1 << 18
export const ACL_TRANSACTION = 1 << 19
export const ACL_SCRIPTING = 1 << 20

/** Category bits and names, in the order of ACL CAT. */
export const ACL_NAMES: readonly (readonly [number, string])[] = [
  [ACL_KEYSPACE, 'keyspace'],
  [ACL_READ, 'read'],
  [ACL_WRITE, 'write'],
  [ACL_SET, 'set'],
  [ACL_SORTEDSET, 'sortedset'],
  [ACL_LIST, 'list'],
  [ACL_HASH, 'hash'],
  [ACL_STRING, 'string'],
  [ACL_BITMAP, 'bitmap'],
  [ACL_HYPERLOGLOG, 'hyperloglog'],
  [ACL_GEO, 'geo'],
  [ACL_STREAM, 'stream'],
  [ACL_PUBSUB, 'pubsub'],
  [ACL_ADMIN, 'admin'],
  [ACL_FAST, 'fast'],
  [ACL_SLOW, 'slow'],
  [ACL_BLOCKING, 'blocking'],
  [ACL_DANGEROUS, 'dangerous'],
  [ACL_CONNECTION, 'connection'],
  [ACL_TRANSACTION, 'transaction'],
  [ACL_SCRIPTING, 'scripting'],
]

/** The categories of a command: the declared ones and those that its flags imply. */
export function aclCategories(declared: number, flags: number): number {
  let categories = declared
  if (flags & WRITE) categories |= ACL_WRITE
  if (flags & READONLY && !(declared & ACL_SCRIPTING)) categories |= ACL_READ
  if (flags & ADMIN) categories |= ACL_ADMIN | ACL_DANGEROUS
  if (flags & PUBSUB) categories |= ACL_PUBSUB
  if (flags & FAST) categories |= ACL_FAST
  if (flags & BLOCKING) categories |= ACL_BLOCKING
  if (!(categories & ACL_FAST)) categories |= ACL_SLOW
  return categories
}

/** One key specification: where keys stand among the arguments, and what is done to them. */
export interface KeySpec {
  /**
   * What the command does to the keys: upper-case names as COMMAND INFO shows them, e.g. ['RW', 'ACCESS', 'UPDATE'].
   */
  flags: readonly string[]
  /**
   * Where the search begins: at argument `index`, or after `keyword` (searched from `startFrom`; negative: from the
   * end).
   */
  begin: { index: number } | { keyword: string; startFrom: number }
  /**
   * Which arguments from there are keys. range: up to `last` (relative to the beginning; negative counts from the end,
   * -1 = the last argument), every `step`-th, `limit` dividing the rest when last = -1. keynum: a count stands at
   * `keyNumIndex`, the first key at `firstKey`.
   */
  find: { last: number; step: number; limit: number } | { keyNumIndex: number; firstKey: number; step: number }
  /** Shown by COMMAND INFO as keys that nobody can find, as Redis has it. Index 0: they can't be found here either. */
  isUnknown?: boolean
  /** Free text of COMMAND INFO's notes field. */
  notes?: string
  /** With the flag VARIABLE_FLAGS: what a command with these arguments does to the keys; its name stands at `first`. */
  flagsOf?: (args: Args, first: number) => readonly string[]
}

/** One key at argument `index`. */
export function oneKey(index: number, ...flags: string[]): KeySpec[] {
  return [{ flags, begin: { index }, find: { last: 0, step: 1, limit: 0 } }]
}

/** Keys from argument `index` to the last, every `step`-th. */
export function keysToEnd(index: number, step: number, ...flags: string[]): KeySpec[] {
  return [{ flags, begin: { index }, find: { last: -1, step, limit: 0 } }]
}

/**
 * Where a command runs.
 * shard: in the one shard that owns its key. shards: in all the shards that own its keys (together, atomically).
 * all: over every shard. io: on the I/O thread, needing no shard.
 */
export type Place = 'shard' | 'shards' | 'all' | 'io'

export type Handler<Context> = (context: Context, args: Args, reply: Reply) => void

export interface CommandSpec<Context> {
  /** Upper-case; a subcommand's own word only. */
  name: string
  /** Arguments including the name; negative: at least that many. */
  arity: number
  runs: Place
  /** Flag bits. */
  flags: number
  /** Declared category bits; see aclCategories. */
  acl: number
  keys: readonly KeySpec[]
  since: string
  complexity: string
  summary: string
  /**
   * The arguments after the name, as a grammar: `key value [NX|XX] [GET] [EX seconds|PX milliseconds|KEEPTTL]`,
   * `(key value)...`, `key...`. Upper-case words are literal tokens, lower-case ones name a value, `name:type` gives
   * its type (key, string, integer, double, unix-time, pattern) where the name does not tell. COMMAND DOCS and the test
   * generator read it.
   */
  syntax: string
  /** COMMAND INFO's tips, e.g. 'nondeterministic_output', 'request_policy:all_shards'. */
  tips?: readonly string[]
  /** Changes of behaviour: [version, what]. */
  history?: readonly (readonly [string, string])[]
  /** Since which version it should not be used, and what to use instead. */
  deprecated?: { since: string; replacedBy: string }
  /** A command for the system's own use, not for clients. */
  syscmd?: boolean
  /**
   * A container that is one command to clients: its subcommands are not shown, not counted by themselves, and answer a
   * wrong number of arguments as an unknown word.
   */
  opaque?: boolean
  /** Absent on a container whose subcommands do the work. */
  handler?: Handler<Context>
  subcommands?: readonly CommandSpec<Context>[]
}

export interface Family<Context> {
  /** COMMAND DOCS' group: string, generic, connection, server, transactions, ... */
  group: string
  commands: readonly CommandSpec<Context>[]
}

/** Declares a family; asserts what every declaration must satisfy. */
export function family<Context>(group: string, commands: readonly CommandSpec<Context>[]): Family<Context> {
  for (const command of commands) validate(command)
  return { group, commands }
}

function validate<Context>(command: CommandSpec<Context>): void {
  assert(command.name === command.name.toUpperCase(), 'a command name is upper-case')
  assert(command.arity !== 0, 'arity counts the name')
  assert(command.handler !== undefined || command.subcommands !== undefined, 'a command has a handler or subcommands')
  assert(command.runs !== 'shard' || command.keys.length > 0, 'a shard command has a key')
  for (const sub of command.subcommands ?? []) validate(sub)
}
