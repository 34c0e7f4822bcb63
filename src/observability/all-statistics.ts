/* Reports over the statistics of all threads. I/O thread.
 *
 * A client sees the effect of everything it sent before: the workers are asked first when they have run something since
 * they last told, and the reply comes later. Inside EXEC, which must answer at once, the latest known figures show. The
 * figures of this thread are taken when the command runs, so that it is not itself among them. */
import type { Reply } from '../base/reply.ts'
import type { Session } from '../io/session/session.ts'
import { MAX_COMMANDS } from '../shard-worker/engine.ts'
import { Statistics } from '../shard-worker/statistics.ts'
import type { WorkerStatistics } from './worker-statistics.ts'

export interface StatisticsContext {
  readonly workerStatistics: WorkerStatistics
  /** What this thread has counted so far. */
  ownStatistics(): Statistics
}

/** Answers with what `write` makes of the statistics; at once if `readsWorkers` is false. */
export function answerWithStatistics(
  session: Session,
  reply: Reply,
  context: StatisticsContext,
  readsWorkers: boolean,
  write: (statistics: Statistics, target: Reply) => void,
): void {
  const { workerStatistics } = context
  const total = new Statistics(MAX_COMMANDS)
  total.merge(context.ownStatistics().export(0))
  afterWorkers(session, reply, readsWorkers ? workerStatistics : null, (target) => {
    workerStatistics.addTo(total)
    write(total, target)
  })
}

/**
 * Answers when the workers have done and told everything that was handed over before; at once where nothing is to be
 * waited for (null), or inside EXEC.
 */
export function afterWorkers(
  session: Session,
  reply: Reply,
  workerStatistics: WorkerStatistics | null,
  write: (target: Reply) => void,
): void {
  if (workerStatistics === null || workerStatistics.isFresh || session.transaction.isRunning) return write(reply)
  const resolve = session.defer()
  workerStatistics.refresh(() => resolve(write))
}
