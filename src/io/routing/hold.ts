/* Running on the I/O thread what needs shards for itself: EXEC, WATCH, and whatever may wake clients that wait. I/O
 * thread. */
import { Reply } from '../../base/reply.ts'
import type { Session } from '../session/session.ts'
import type { Sequencer } from './sequencer.ts'

export interface Holder {
  readonly sequencer: Sequencer
  observe(): void
}

/**
 * Runs `action` over held shards: with the reply at hand when they are idle, or as a deferred reply. A session that
 * closes meanwhile takes the action with it, unless the action `outlives` it.
 */
export function runHolding(
  holder: Holder,
  session: Session,
  shards: ReadonlySet<number>,
  reply: Reply,
  action: (target: Reply) => void,
  outlives = false,
): void {
  const { sequencer } = holder
  if (sequencer.areHome(shards)) return action(reply)
  const resolve = session.defer()
  sequencer.exclusively(shards, () => {
    holder.observe()
    if (outlives && session.isClosed) action(new Reply())
    else resolve(action)
  })
}
