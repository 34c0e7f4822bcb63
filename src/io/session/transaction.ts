/* A session's transaction: whether MULTI is open, what is queued, and which shards it watches keys in. I/O thread.
 * https://redis.io/docs/interact/transactions/
 *
 * Bound: the queue's bytes count as the client's memory; a client that queues without end is held by
 * client-query-buffer-limit, as in Redis. */
import type { Args } from '../../base/args.ts'

/** What an argument costs beside its bytes: its offset and its length. */
const PLACE_BYTES = 8

/** What a watched key costs beside its bytes, in its shard. */
const WATCH_BYTES = 96

/** A command waiting for EXEC, with arguments of its own. */
export interface QueuedCommand {
  command: number
  args: Args
}

export class Transaction {
  isOpen = false
  /** EXEC is running the queue: what it runs must answer at once. */
  isRunning = false
  /** A command was refused while queueing: EXEC answers EXECABORT. */
  isBroken = false
  queue: QueuedCommand[] = []
  /** Bytes of the queued arguments and their places. */
  queuedBytes = 0
  /** Shards in which the session watches keys, and how many keys in all. */
  readonly watchedShards = new Set<number>()
  watchedKeys = 0
  /** What those watches cost, about. */
  watchedBytes = 0

  /** The session watches another key, of so many bytes. */
  noteWatch(shard: number, keyBytes: number): void {
    this.watchedShards.add(shard)
    this.watchedKeys++
    this.watchedBytes += keyBytes + WATCH_BYTES
  }

  enqueue(command: number, args: Args): void {
    this.queue.push({ command, args: args.clone() })
    this.queuedBytes += args.totalBytes() + args.count * PLACE_BYTES
  }

  /** Its watches are gone, or about to be: returns the shards they were in. */
  forgetWatches(): number[] {
    const shards = [...this.watchedShards]
    this.watchedShards.clear()
    this.watchedKeys = 0
    this.watchedBytes = 0
    return shards
  }

  /** Closes the transaction and forgets its queue; the watches are the caller's. */
  close(): void {
    this.isOpen = false
    this.isBroken = false
    this.queue = []
    this.queuedBytes = 0
  }
}
