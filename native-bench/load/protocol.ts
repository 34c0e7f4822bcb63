/* What the generator and its threads say to each other.
 *
 * Control words, one Int32Array over shared memory:
 *
 *   0      1            2            ..
 *   | PHASE | answered 0 | answered 1 | ..      answered i: commands thread i has seen answered, modulo 2^32
 *
 * The generator alone writes PHASE, thread i alone its counter. Differences of a counter over less than 2^32 commands
 * are exact in unsigned arithmetic. Everything else is a message. */

import type { Endpoint, LoadSettings } from './settings.ts'

export const PHASE = 0
export const FIRST_COUNTER = 1

/** Phases, in their order; before them, at 0, the threads build their batches and connect. Run unmeasured; measure; let
 * what is in flight come home. */
export const WARM_UP = 1
export const MEASURE = 2
export const DRAIN = 3

export interface WorkerStart {
  endpoint: Endpoint
  settings: LoadSettings
  thread: number
  /** Of the settings' connections, those of this thread. */
  connections: number
  control: Int32Array
}

/** Generator to thread: the control word alone would not wake an idle event loop. */
export type ToWorker = 'start' | 'drain'

export interface WorkerResult {
  kind: 'result'
  errors: number
  firstError: string | null
  /** Batches still unanswered when the drain ran out of time; their age is in the histogram. */
  unanswered: number
  latency: string
  sendLag: string
}

export type FromWorker = { kind: 'ready' } | { kind: 'failed'; reason: string } | WorkerResult
