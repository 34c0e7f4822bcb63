/* What one run of our own load generator does. Plain data: it travels to the worker threads as it is. */

import type { Distribution } from './key-distribution.ts'
import type { MixEntry } from './mix.ts'

export interface LoadSettings {
  mix: readonly MixEntry[]
  distribution: Distribution
  /** Keys are key:000000000000 to key:(keyCount - 1): 16 bytes each, the form redis-benchmark uses. */
  keyCount: number
  valueBytes: number
  /** Commands in one write. */
  pipeline: number
  /** Connections over all threads. */
  connections: number
  threads: number
  /** null: closed loop, each connection sends its next batch once the last one is answered. A number: open loop, so
   * many commands a second whether or not the server keeps up. */
  ratePerSecond: number | null
  seed: number
}

export interface Endpoint {
  host: string
  port: number
}
