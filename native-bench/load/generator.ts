/* The load generator's main side: starts the threads, walks them through the phases, and takes the figures at the
 * same two instants at which the caller reads the server's CPU. Main thread. */

import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Histogram } from './latency.ts'
import { mergeHistograms } from './latency.ts'
import type { FromWorker, ToWorker, WorkerResult, WorkerStart } from './protocol.ts'
import { DRAIN, FIRST_COUNTER, MEASURE, PHASE, WARM_UP } from './protocol.ts'
import type { Endpoint, LoadSettings } from './settings.ts'

export interface LoadWindow {
  warmUpSeconds: number
  seconds: number
  /** Called at the two ends of the measured window. */
  atStart?: () => void
  atEnd?: () => void
  /** Called a few times a second with the commands answered per second since the last call. */
  sample?: (opsPerSecond: number) => void
}

export interface LoadResult {
  /** Commands answered in the measured window, and its length. */
  commands: number
  seconds: number
  /** Error replies over the whole run, warm-up included. */
  errors: number
  firstError: string | null
  unanswered: number
  /** Closed loop: from sending a batch to its last reply. Open loop: from the time it was due to its last reply. */
  latency: Histogram
  /** Open loop: how late the generator sent. */
  sendLag: Histogram
}

const SAMPLE_MS = 250

/** Runs the load once. Rejects when a thread can't connect, loses its server, or reads something that is no RESP. */
export async function runLoad(endpoint: Endpoint, settings: LoadSettings, window: LoadWindow): Promise<LoadResult> {
  const control = new Int32Array(new SharedArrayBuffer(4 * (FIRST_COUNTER + settings.threads)))
  const threads = connectionsOfThreads(settings).map(
    (connections, thread) => new LoadThread({ endpoint, settings, thread, connections, control }),
  )
  const failure = Promise.race(threads.map((thread) => thread.failure))
  const stage = <T>(step: Promise<T>): Promise<T> => Promise.race([step, failure])
  try {
    await stage(Promise.all(threads.map((thread) => thread.ready)))
    Atomics.store(control, PHASE, WARM_UP)
    for (const thread of threads) thread.tell('start')
    await stage(watch(control, window.warmUpSeconds, window.sample))
    window.atStart?.()
    const before = answeredIn(control)
    const startMs = performance.now()
    Atomics.store(control, PHASE, MEASURE)
    await stage(watch(control, window.seconds, window.sample))
    const commands = (answeredIn(control) - before) >>> 0
    const seconds = (performance.now() - startMs) / 1000
    window.atEnd?.()
    Atomics.store(control, PHASE, DRAIN)
    for (const thread of threads) thread.tell('drain')
    return sum(await stage(Promise.all(threads.map((thread) => thread.result))), commands, seconds)
  } finally {
    await Promise.all(threads.map((thread) => thread.stop()))
  }
}

/** The settings' connections, dealt out as evenly as they go; a thread without any does not start. */
export function connectionsOfThreads({ connections, threads }: LoadSettings): number[] {
  return Array.from({ length: threads }, (_, i) => Math.floor((connections + threads - 1 - i) / threads)).filter(
    (share) => share > 0,
  )
}

function answeredIn(control: Int32Array): number {
  let sum = 0
  for (let i = FIRST_COUNTER; i < control.length; i++) sum = (sum + Atomics.load(control, i)) | 0
  return sum
}

async function watch(control: Int32Array, seconds: number, sample: LoadWindow['sample']): Promise<void> {
  const endMs = performance.now() + seconds * 1000
  let lastMs = performance.now()
  let last = answeredIn(control)
  for (;;) {
    const restMs = endMs - performance.now()
    if (restMs <= 0) return
    await sleep(Math.min(restMs, SAMPLE_MS))
    const nowMs = performance.now()
    const answered = answeredIn(control)
    sample?.((1000 * ((answered - last) >>> 0)) / (nowMs - lastMs))
    last = answered
    lastMs = nowMs
  }
}

function sum(results: readonly WorkerResult[], commands: number, seconds: number): LoadResult {
  return {
    commands,
    seconds,
    errors: results.reduce((total, result) => total + result.errors, 0),
    firstError: results.find((result) => result.firstError !== null)?.firstError ?? null,
    unanswered: results.reduce((total, result) => total + result.unanswered, 0),
    latency: mergeHistograms(results.map((result) => result.latency)),
    sendLag: mergeHistograms(results.map((result) => result.sendLag)),
  }
}

class LoadThread {
  readonly ready: Promise<void>
  readonly result: Promise<WorkerResult>
  /** Never resolves; rejects when the thread can't go on. */
  readonly failure: Promise<never>
  private readonly worker: Worker

  constructor(start: WorkerStart) {
    const ready = Promise.withResolvers<void>()
    const result = Promise.withResolvers<WorkerResult>()
    const failure = Promise.withResolvers<never>()
    failure.promise.catch(() => {})
    this.ready = ready.promise
    this.result = result.promise
    this.failure = failure.promise
    this.worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: start })
    this.worker.on('error', (error) => failure.reject(error))
    this.worker.on('message', (message: FromWorker) => {
      if (message.kind === 'ready') ready.resolve()
      else if (message.kind === 'result') result.resolve(message)
      else failure.reject(new Error(`load generator: ${message.reason}`))
    })
  }

  tell(message: ToWorker): void {
    this.worker.postMessage(message)
  }

  async stop(): Promise<void> {
    await this.worker.terminate()
  }
}
