/* SAVE, BGSAVE and LASTSAVE of a server that keeps its data in memory alone (https://redis.io/commands/bgsave/). I/O
 * thread. */
import type { Args } from '../../base/args.ts'
import { bytesOf } from '../../base/bytes.ts'
import {
  ACL_ADMIN,
  ACL_DANGEROUS,
  ADMIN,
  FAST,
  type Family,
  family,
  LOADING,
  NO_ASYNC_LOADING,
  NO_MULTI,
  NOSCRIPT,
  STALE,
} from '../../base/command-spec.ts'
import * as errors from '../../base/error-texts.ts'
import type { Reply } from '../../base/reply.ts'
import type { Session } from '../../io/session/session.ts'

const SCHEDULE = bytesOf('SCHEDULE')

export interface PersistenceContext {
  /** When the server started, Unix ms: as long as nothing was saved, this counts as the last time. */
  readonly startMs: number
}

export function persistenceFamily(context: () => PersistenceContext): Family<Session> {
  const common = { runs: 'io', acl: 0, keys: [], since: '1.0.0' } as const
  const flags = NO_ASYNC_LOADING | ADMIN | NOSCRIPT
  return family<Session>('server', [
    {
      ...common,
      name: 'SAVE',
      arity: 1,
      flags: flags | NO_MULTI,
      complexity: 'O(N), N keys',
      syntax: '',
      summary: 'Saves the data set and answers when that is done.',
      handler: (_session, _args, reply) => reply.error(errors.NO_PERSISTENCE),
    },
    {
      ...common,
      name: 'BGSAVE',
      arity: -1,
      flags,
      complexity: 'O(1)',
      syntax: '[SCHEDULE]',
      summary: 'Saves the data set in the background.',
      history: [['3.2.2', 'Option `SCHEDULE`.']],
      handler: bgsave,
    },
    {
      ...common,
      name: 'LASTSAVE',
      arity: 1,
      flags: LOADING | STALE | FAST,
      acl: ACL_ADMIN | ACL_DANGEROUS,
      complexity: 'O(1)',
      syntax: '',
      summary: 'When the data set was last saved, in Unix seconds.',
      tips: ['nondeterministic_output'],
      handler: (_session, _args, reply) => reply.integer(Math.trunc(context().startMs / 1000)),
    },
  ])
}

function bgsave(_session: Session, args: Args, reply: Reply): void {
  if (args.count > 2 || (args.count === 2 && !args.is(1, SCHEDULE))) return reply.error(errors.SYNTAX)
  reply.error(errors.NO_PERSISTENCE)
}
