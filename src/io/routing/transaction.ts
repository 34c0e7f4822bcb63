/* MULTI, EXEC, DISCARD, WATCH and UNWATCH (https://redis.io/docs/interact/transactions/). I/O thread. EXEC runs here,
 * on the thread that sequences, over shards that nothing else touches meanwhile: its queue may hold commands of the
 * connection as well as of shards, and it is as long as its client made it. */

import type { Args } from '../../base/args.ts'
import {
  ACL_TRANSACTION,
  ALLOW_BUSY,
  FAST,
  type Family,
  family,
  keysToEnd,
  LOADING,
  NOSCRIPT,
  SKIP_SLOWLOG,
  STALE,
} from '../../base/command-spec.ts'
import * as errors from '../../base/error-texts.ts'
import type { Reply } from '../../base/reply.ts'
import type { WatchedKey } from '../../shard-worker/keyspace/watch.ts'
import type { Session } from '../session/session.ts'
import { type QueuedCommand, recycle } from '../session/transaction.ts'
import type { Dispatcher } from './dispatcher.ts'
import { runHolding } from './hold.ts'

/** The family; `dispatcher` is asked for when a command runs, since it is built from the table this becomes part of. */
export function transactionFamily(dispatcher: () => Dispatcher): Family<Session> {
  const exec = (session: Session, _args: Args, reply: Reply): void => {
    const { transaction } = session
    if (!transaction.isOpen) return reply.error(errors.EXEC_WITHOUT_MULTI)
    if (transaction.isBroken) {
      dispatcher().sequencer.abandonTransaction(session)
      return reply.error(errors.EXEC_ABORT)
    }
    const { sequencer, commands, blocking } = dispatcher()
    const shards = new Set(transaction.watchedShards)
    for (const { command, args } of transaction.queue) {
      sequencer.addShards(commands.commands[command], args, shards)
      blocking.addReach(commands.commands[command], args, shards)
    }
    // A session that closes forgets them, but not what it has asked for.
    const { queue } = transaction
    const watched = [...transaction.watchedShards]
    const action = (target: Reply) => {
      blocking.begin()
      runTransaction(dispatcher(), session, queue, watched, target)
      blocking.serve()
    }
    runHolding(dispatcher(), session, shards, reply, action, true)
  }
  const watch = (session: Session, args: Args, reply: Reply): void => {
    if (session.transaction.isOpen) return reply.error(errors.WATCH_INSIDE_MULTI)
    const keys = args.count - 1
    const copies: Uint8Array[] = []
    const { engine } = dispatcher()
    const shards = new Set<number>()
    for (let i = 1; i <= keys; i++) {
      copies.push(args.copy(i))
      shards.add(engine.shardOf(args.bytes, args.offset[i], args.length[i]))
    }
    runHolding(dispatcher(), session, shards, reply, (target) => watchKeys(dispatcher(), session, copies, target))
  }
  const unwatch = (session: Session, _args: Args, reply: Reply): void => {
    dispatcher().sequencer.unwatch(session)
    reply.ok()
  }
  const flags = NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY
  return family<Session>('transactions', [
    {
      name: 'MULTI',
      arity: 1,
      runs: 'io',
      flags,
      acl: ACL_TRANSACTION,
      keys: [],
      since: '1.2.0',
      complexity: 'O(1)',
      summary: 'Opens a transaction: the commands that follow are queued.',
      syntax: '',
      handler: multi,
    },
    {
      name: 'EXEC',
      arity: 1,
      runs: 'io',
      flags: NOSCRIPT | LOADING | STALE | SKIP_SLOWLOG,
      acl: ACL_TRANSACTION,
      keys: [],
      since: '1.2.0',
      complexity: 'That of the queued commands',
      summary: 'Runs the queued commands of a transaction, with nothing in between.',
      syntax: '',
      handler: exec,
    },
    {
      name: 'DISCARD',
      arity: 1,
      runs: 'io',
      flags,
      acl: ACL_TRANSACTION,
      keys: [],
      since: '2.0.0',
      complexity: 'O(N), N queued commands',
      summary: 'Drops a transaction and its watches.',
      syntax: '',
      handler: (session, _args, reply) => {
        if (!session.transaction.isOpen) return reply.error(errors.DISCARD_WITHOUT_MULTI)
        dispatcher().sequencer.abandonTransaction(session)
        reply.ok()
      },
    },
    {
      name: 'WATCH',
      arity: -2,
      runs: 'io',
      flags,
      acl: ACL_TRANSACTION,
      keys: keysToEnd(1, 1, 'RO'),
      since: '2.2.0',
      complexity: 'O(1) for each key',
      summary: 'Makes the next EXEC depend on keys staying as they are.',
      syntax: 'key...',
      handler: watch,
    },
    {
      name: 'UNWATCH',
      arity: 1,
      runs: 'io',
      flags,
      acl: ACL_TRANSACTION,
      keys: [],
      since: '2.2.0',
      complexity: 'O(1)',
      summary: 'Forgets all watched keys.',
      syntax: '',
      handler: unwatch,
    },
  ])
}

function multi(session: Session, _args: Args, reply: Reply): void {
  if (session.transaction.isOpen) return reply.error(errors.NESTED_MULTI)
  session.transaction.isOpen = true
  reply.ok()
}

function watchKeys(dispatcher: Dispatcher, session: Session, keys: Uint8Array[], reply: Reply): void {
  const { engine } = dispatcher
  const { transaction } = session
  for (const key of keys) {
    const index = engine.shardOf(key, 0, key.length)
    const shard = engine.shards[index]
    // A key whose time has come is as good as absent: that it will be deleted is no change.
    const changesToCome = shard.keyspaces[session.db].hasExpired(key, 0, key.length) ? 1 : 0
    if (!shard.watches.watch(session.id, session.db, key, 0, key.length, changesToCome)) {
      return reply.error(errors.SHARD_FULL)
    }
    transaction.noteWatch(index, key.length)
  }
  reply.ok()
}

function runTransaction(
  dispatcher: Dispatcher,
  session: Session,
  queue: readonly QueuedCommand[],
  watched: readonly number[],
  reply: Reply,
): void {
  const { engine } = dispatcher
  const { transaction } = session
  engine.begin(session.host.nowMs())
  let dirty = false
  for (const index of watched) {
    const shard = engine.shards[index]
    const hasExpired = (key: WatchedKey) => shard.keyspaces[key.db].hasExpired(shard.arena.u8, key.offset, key.length)
    if (shard.watches.isDirty(session.id, hasExpired)) dirty = true
    // The watched shards are among those held.
    shard.watches.unwatch(session.id)
  }
  transaction.forgetWatches()
  if (dirty) {
    transaction.close()
    return reply.nilArray()
  }
  const mark = reply.length
  let isTooLarge = false
  reply.array(queue.length)
  // Open until the end: that is what CLIENT INFO in the queue tells.
  transaction.isRunning = true
  for (const { command, args } of queue) {
    // What replies can't hold is done all the same; they make room for each other.
    if (reply.isNearlyFull) {
      isTooLarge = true
      reply.truncate(mark)
    }
    const { length } = reply
    dispatcher.runQueued(session, command, args, reply)
    // CLIENT REPLY OFF in the queue silences what comes after it, in this reply already.
    if (session.replyOff) reply.truncate(length)
  }
  transaction.isRunning = false
  transaction.close()
  recycle(queue)
  if (!isTooLarge) return
  reply.truncate(mark)
  reply.error(errors.REPLY_TOO_LARGE)
}
