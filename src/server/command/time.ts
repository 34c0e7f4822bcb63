/* TIME and LOLWUT (https://redis.io/commands/time/, https://redis.io/commands/lolwut/). I/O thread. */
import type { Args } from '../../base/args.ts'
import { bytesOf } from '../../base/bytes.ts'
import { FAST, type Family, family, LOADING, READONLY, STALE } from '../../base/command-spec.ts'
import * as errors from '../../base/error-texts.ts'
import { NOT_INTEGER, parseInteger } from '../../base/number-text.ts'
import type { Clock, Random } from '../../base/ports.ts'
import type { Reply } from '../../base/reply.ts'
import type { Session } from '../../io/session/session.ts'
import { spinelArt } from '../../observability/art.ts'

const VERSION = bytesOf('VERSION')

export interface TimeContext {
  readonly clock: Clock
  readonly random: Random
}

export function timeFamily(context: () => TimeContext): Family<Session> {
  const wall = new WallClock()
  const time = (_session: Session, _args: Args, reply: Reply): void => {
    const us = wall.nowUs(context().clock)
    reply.array(2)
    reply.bulkInteger(Math.trunc(us / 1e6))
    reply.bulkInteger(us % 1e6)
  }
  const lolwut = (_session: Session, args: Args, reply: Reply): void => {
    const asksVersion = args.count >= 3 && args.is(1, VERSION)
    if (asksVersion && parseInteger(args.bytes, args.offset[2], args.length[2]) === NOT_INTEGER) {
      return reply.error(errors.NOT_AN_INTEGER)
    }
    reply.verbatim('txt', spinelArt(context().random))
  }
  return family<Session>('server', [
    {
      name: 'TIME',
      arity: 1,
      runs: 'io',
      flags: LOADING | STALE | FAST,
      acl: 0,
      keys: [],
      since: '2.6.0',
      complexity: 'O(1)',
      summary: 'The time: Unix seconds, and microseconds of the second.',
      syntax: '',
      tips: ['nondeterministic_output'],
      handler: time,
    },
    {
      name: 'LOLWUT',
      arity: -1,
      runs: 'io',
      flags: READONLY | FAST,
      acl: 0,
      keys: [],
      since: '5.0.0',
      complexity: 'O(1)',
      summary: 'Draws something, and tells the version.',
      syntax: '[VERSION version]',
      handler: lolwut,
    },
  ])
}

/** Wall-clock time in microseconds: the clock's milliseconds, filled in by the monotonic clock, never going back while
 *  the wall clock does not. */
class WallClock {
  /** Wall-clock time less monotonic time, microseconds. */
  private aheadUs = Number.NEGATIVE_INFINITY

  nowUs(clock: Clock): number {
    const wallUs = clock.nowMs() * 1000
    const monotonicUs = clock.monotonicUs()
    const us = Math.trunc(monotonicUs + this.aheadUs)
    // Within the present millisecond of the wall clock, or it was set, or the two have drifted apart.
    if (us >= wallUs && us < wallUs + 1000) return us
    this.aheadUs = (us < wallUs ? wallUs : wallUs + 999) - monotonicUs
    return Math.trunc(monotonicUs + this.aheadUs)
  }
}
