/* A session's transaction: whether MULTI is open, what is queued, and which shards it watches keys in. I/O thread.
 * https://redis.io/docs/interact/transactions/
 *
 * The queued arguments lie one after another in chunks of bytes. What short transactions need, one chunk and a few
 * Args, goes from one to the next, so that they make little garbage.
 *
 * Bound: the queue's bytes count as the client's memory; a client that queues without end is held by
 * client-query-buffer-limit, as in Redis. */
import { Args } from '../../base/args.ts'

/** What an argument costs beside its bytes: its offset and its length. */
const PLACE_BYTES = 8

/** What a watched key costs beside its bytes, in its shard. */
const WATCH_BYTES = 96

/** A chunk; a longer command has bytes of its own. */
const CHUNK_BYTES = 1024
/** Args that are kept for the next transactions, of so many arguments at most. */
const MOST_SPARE_ARGS = 64
const MOST_SPARE_ARGUMENTS = 64

const NO_BYTES = new Uint8Array(0)
const spareArgs: Args[] = []
let spareChunk: Uint8Array | null = null

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
  /** The newest chunk, and how much of it is in use. */
  private chunk: Uint8Array = NO_BYTES
  private chunkUsed = 0
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
    const bytes = args.totalBytes()
    const copy = spareArgs.pop() ?? new Args()
    if (bytes > CHUNK_BYTES) args.copyTo(copy, new Uint8Array(bytes), 0)
    else {
      if (this.chunkUsed + bytes > this.chunk.length) this.beginChunk()
      args.copyTo(copy, this.chunk, this.chunkUsed)
      this.chunkUsed += bytes
    }
    this.queue.push({ command, args: copy })
    this.queuedBytes += bytes + args.count * PLACE_BYTES
  }

  private beginChunk(): void {
    this.chunkUsed = 0
    this.chunk = spareChunk ?? new Uint8Array(CHUNK_BYTES)
    spareChunk = null
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
    this.chunk = NO_BYTES
    this.chunkUsed = 0
  }
}

/** A queue has run, and nobody needs it any more: what it is made of serves the next ones. */
export function recycle(queue: readonly QueuedCommand[]): void {
  for (const { args } of queue) {
    if (args.bytes.length === CHUNK_BYTES) spareChunk = args.bytes
    args.clear()
    args.bytes = NO_BYTES
    if (spareArgs.length < MOST_SPARE_ARGS && args.offset.length <= MOST_SPARE_ARGUMENTS) spareArgs.push(args)
  }
}
