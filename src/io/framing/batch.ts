/* The commands of one read, framed before any of them runs, so that their keys can be brought into the cache together.
 * I/O thread, one for all sessions: it is empty between batches. Hot.
 *
 *   | args[0] | args[1] | ...             starts[i], ends[i]: where in the buffer command i begins and ends
 *
 * Bound: BATCH_COMMANDS; a longer pipeline is several batches. */
import { Args } from '../../base/args.ts'
import type { Frame } from './frame.ts'

export const BATCH_COMMANDS = 32
const NO_BYTES = new Uint8Array(0)

export class Batch {
  readonly args: Args[]
  readonly starts: Int32Array
  readonly ends: Int32Array
  count: number

  constructor() {
    this.args = Array.from({ length: BATCH_COMMANDS }, () => new Args())
    this.starts = new Int32Array(BATCH_COMMANDS)
    this.ends = new Int32Array(BATCH_COMMANDS)
    this.count = 0
  }

  /** Drops what the arguments of commands that have run refer to. */
  forget(): void {
    for (const args of this.args) args.bytes = NO_BYTES
  }

  /** Takes the complete command out of a frame, which gets empty arguments instead. */
  take(frame: Frame): void {
    const taken = frame.args
    frame.args = this.args[this.count]
    this.args[this.count] = taken
    this.starts[this.count] = frame.start
    this.ends[this.count++] = frame.at
  }
}
