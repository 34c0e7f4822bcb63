/* The part of DEBUG that needs no shard: it stops, breaks and prods the server itself, for tests
 * (https://redis.io/commands/debug/). The container is declared in the engine, with the part that looks into shards.
 * I/O thread. */
import type { Args } from '../../base/args.ts'
import { bytesOf } from '../../base/bytes.ts'
import type { CommandSpec, Family } from '../../base/command-spec.ts'
import * as errors from '../../base/error-texts.ts'
import { writeHelp } from '../../base/help.ts'
import { parseInteger, SAFE_INTEGER } from '../../base/number-text.ts'
import type { Reply } from '../../base/reply.ts'
import type { Session } from '../../io/session/session.ts'
import { DEBUG_FLAGS, debugContainer } from '../../shard-worker/command/debug/debug.ts'
import { parseMemory } from '../configuration/integers.ts'
import { DEBUG_HELP } from './debug-help.ts'
import { protocolReply } from './debug-protocol.ts'

/** The server as DEBUG treats it. */
export interface DebugContext {
  setActiveExpire(enabled: boolean): void
  setPackedThreshold(bytes: number): void
  /** Whether the checksums of payloads and snapshots are looked at. */
  setSkipChecksums(skipped: boolean): void
  pauseCron(paused: boolean): void
  changeReplicationId(): void
  log(text: string): void
  /** Null: done; else the whole error reply. */
  rewriteConfiguration(): string | null
  /** Ends the process as a bug would, with the report of one. */
  crash(error: Error): never
  /** Ends it as a bad memory access would. */
  crashBySignal(signal: 'SIGSEGV'): never
  /** Becomes the same program anew; returns if it can't. */
  restart(gracefully: boolean, delayMs: number): void
  /** Saves, empties and loads the data set, as far as asked; an error reply when that can't be done. */
  reload(options: ReloadOptions): string | null
  /** Has `action` answer while nothing else touches any shard. */
  holding(session: Session, reply: Reply, action: (target: Reply) => void): void
}

export interface ReloadOptions {
  saves: boolean
  flushes: boolean
  /** Whether keys of the file take the place of those that are there. */
  merges: boolean
}

const PEAK_RESET_TIME = bytesOf('PEAK-RESET-TIME')
const RESIZING = bytesOf('RESIZING')
const NEVER = bytesOf('NEVER')
const RESET = bytesOf('RESET')
const DEFAULT_PACKED_THRESHOLD = 2 ** 30
const MAX_PACKED_THRESHOLD = 2n ** 32n - 2n ** 20n
const RELOAD_OPTIONS = new Set(['merge', 'noflush', 'nosave'])

/** What `DEBUG SLEEP` waits on: nobody ever wakes it. */
const sleeper = new Int32Array(new SharedArrayBuffer(4))

type DebugHandler = (args: Args, reply: Reply) => void

export function debugFamily(context: () => DebugContext): Family<Session> {
  const subcommand = (
    name: string,
    arity: number,
    syntax: string,
    summary: string,
    handler: DebugHandler,
  ): CommandSpec<Session> => ({
    name,
    arity,
    runs: 'io',
    flags: DEBUG_FLAGS,
    acl: 0,
    keys: [],
    since: '1.0.0',
    complexity: 'O(1)',
    summary,
    syntax,
    handler: (_session, args, reply) => handler(args, reply),
  })
  const done =
    (action: (args: Args) => void): DebugHandler =>
    (args, reply) => {
      action(args)
      reply.ok()
    }
  const rewrite: DebugHandler = (_args, reply) => {
    const refusal = context().rewriteConfiguration()
    if (refusal === null) reply.ok()
    else reply.error(refusal.replace(/^ERR (Rewriting config file: )?/, 'ERR CONFIG-REWRITE-FORCE-ALL failed: '))
  }
  const packedThreshold: DebugHandler = (args, reply) => {
    const bytes = parseMemory(args.cText(2))
    if (bytes === null || bytes > MAX_PACKED_THRESHOLD) return reply.error(errors.PACKED_THRESHOLD)
    context().setPackedThreshold(bytes === 0n ? DEFAULT_PACKED_THRESHOLD : Number(bytes))
    reply.ok()
  }
  const restart =
    (gracefully: boolean): DebugHandler =>
    (args, reply) => {
      if (args.count > 2 && parseInteger(args.bytes, args.offset[2], args.length[2]) !== SAFE_INTEGER) {
        return reply.error(errors.NOT_AN_INTEGER)
      }
      context().restart(gracefully, args.count > 2 ? Math.max(0, Number(args.text(2))) : 0)
      reply.error(errors.RESTART_FAILED)
    }
  const subcommands = [
    subcommand('SLEEP', 3, 'seconds:double', 'Stops the server for a time.', done(sleep)),
    subcommand(
      'SET-ACTIVE-EXPIRE',
      3,
      'enabled:integer',
      'Whether expired keys are deleted that nobody looks up.',
      done((args) => context().setActiveExpire(leadingInteger(args, 2) !== 0)),
    ),
    subcommand('QUICKLIST-PACKED-THRESHOLD', 3, 'size', 'From which size on an element is a node.', packedThreshold),
    subcommand(
      'SET-SKIP-CHECKSUM-VALIDATION',
      3,
      'skipped:integer',
      'Whether payloads and snapshots are taken whatever their checksum is.',
      done((args) => context().setSkipChecksums(leadingInteger(args, 2) !== 0)),
    ),
    subcommand(
      'PAUSE-CRON',
      3,
      'paused:integer',
      'Whether the server does nothing by the clock.',
      done((args) => context().pauseCron(leadingInteger(args, 2) !== 0)),
    ),
    subcommand(
      'CHANGE-REPL-ID',
      2,
      '',
      'Begins a new history of writes.',
      done(() => context().changeReplicationId()),
    ),
    subcommand(
      'LOG',
      3,
      'message',
      'Writes a line into the log.',
      done((args) => context().log(`DEBUG LOG: ${args.cText(2)}`)),
    ),
    subcommand('ERROR', 3, 'message', 'Answers with an error.', (args, reply) => reply.error(args.text(2))),
    subcommand('PROTOCOL', 3, 'type', 'Answers with a value of a protocol type.', (args, reply) =>
      protocolReply(args.cText(2).toLowerCase(), reply),
    ),
    subcommand(
      'REPLYBUFFER',
      4,
      '(PEAK-RESET-TIME time|RESIZING enabled:integer)',
      'Sizes of reply buffers; here no client has one of its own.',
      replyBuffer,
    ),
    {
      ...subcommand('RELOAD', -2, '[option...]', 'Saves the data set and loads it again.', () => {}),
      handler: (session: Session, args: Args, reply: Reply) => reload(context(), session, args, reply),
    },
    subcommand('LOADAOF', -2, '', 'Loads the append only file.', (_args, reply) =>
      reply.error(errors.NO_APPEND_ONLY_FILE),
    ),
    subcommand('CONFIG-REWRITE-FORCE-ALL', 2, '', 'Writes all directives into the configuration file.', rewrite),
    subcommand('ASSERT', -2, '', 'Ends the server as a failed assertion does.', () =>
      context().crash(new Error('=== ASSERTION FAILED === DEBUG ASSERT')),
    ),
    subcommand('PANIC', -2, '', 'Ends the server as a state that can not be does.', () =>
      context().crash(new Error('Guru Meditation: called by DEBUG PANIC')),
    ),
    subcommand('OOM', -2, '', 'Ends the server as a lack of memory does.', () =>
      context().crash(new Error('Out Of Memory: called by DEBUG OOM')),
    ),
    subcommand('SEGFAULT', -2, '', 'Ends the server as a bad memory access does.', () =>
      context().crashBySignal('SIGSEGV'),
    ),
    subcommand('RESTART', -2, '[milliseconds]', 'Saves the configuration and starts again.', restart(true)),
    subcommand('CRASH-AND-RECOVER', -2, '[milliseconds]', 'Starts again at once.', restart(false)),
    subcommand('HELP', -2, '', 'Lists the subcommands.', (_args, reply) => writeHelp(reply, 'DEBUG', DEBUG_HELP)),
  ]
  return debugContainer<Session>(subcommands)
}

/** Decimals allowed; what is no number is 0. */
function sleep(args: Args): void {
  const seconds = Number.parseFloat(args.cText(2))
  if (seconds > 0) Atomics.wait(sleeper, 0, 0, seconds * 1000)
}

/** The integer that an argument begins with, 0 for none: as atoi(3) has it. */
function leadingInteger(args: Args, index: number): number {
  const value = Number.parseInt(args.cText(index), 10)
  return Number.isNaN(value) ? 0 : value
}

function replyBuffer(args: Args, reply: Reply): void {
  if (args.is(2, PEAK_RESET_TIME)) {
    const isWord = args.is(3, NEVER) || args.is(3, RESET)
    const isTime = parseInteger(args.bytes, args.offset[3], args.length[3]) === SAFE_INTEGER
    if (!isWord && !isTime) return reply.error(errors.NOT_AN_INTEGER)
  } else if (!args.is(2, RESIZING)) return reply.error(errors.subcommandSyntax(args.text(1), 'DEBUG'))
  reply.ok()
}

function reload(context: DebugContext, session: Session, args: Args, reply: Reply): void {
  const words = new Set<string>()
  for (let i = 2; i < args.count; i++) words.add(args.cText(i).toLowerCase())
  for (const word of words) if (!RELOAD_OPTIONS.has(word)) return reply.error(errors.DEBUG_RELOAD_OPTION)
  const options = { saves: !words.has('nosave'), flushes: !words.has('noflush'), merges: words.has('merge') }
  context.holding(session, reply, (target) => {
    const refusal = context.reload(options)
    if (refusal === null) target.ok()
    else target.error(refusal)
  })
}
