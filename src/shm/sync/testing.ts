/* Runs the tests of this folder under real threads: starts a worker on one of the roles of thread-stress.ts. */

import { Worker } from 'node:worker_threads'

export type StressOptions = {
  role: 'mutex' | 'semaphore' | 'cyclic-barrier' | 'once' | 'sleeper' | 'ringer' | 'shard-worker'
  /** What the threads share; the roles say where in it what lies. */
  buffer: SharedArrayBuffer
  /** This thread's number among those of its role, from 0. */
  thread: number
  threads: number
  rounds: number
}

/** Multiplies the rounds of the tests under threads: SYNC_STRESS=100 runs for minutes. */
export const STRESS = Number(process.env['SYNC_STRESS'] ?? 1)

/** Starts one thread; the promise is what the role returns, or the error that it threw. */
export function startThread(options: StressOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./thread-stress.ts', import.meta.url), { workerData: options })
    worker.once('message', resolve).once('error', reject)
  })
}

/** Starts `threads` threads on one role and returns what each gave. */
export function startThreads(options: Omit<StressOptions, 'thread'>): Promise<number[]> {
  return Promise.all(Array.from({ length: options.threads }, (_, thread) => startThread({ ...options, thread })))
}
