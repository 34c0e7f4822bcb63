/* SAVE, BGSAVE and LASTSAVE (https://redis.io/commands/bgsave/). I/O thread. */
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

/** What the commands ask of the server. */
export interface PersistenceContext {
  readonly persistence: {
    readonly isSaving: boolean
    readonly lastSaveSeconds: number
    start(): boolean
    schedule(): void
    saveForClient(): boolean
  }
  /** Has `action` answer while nothing else touches any shard. */
  holding(session: Session, reply: Reply, action: (target: Reply) => void): void
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
      handler: (session, _args, reply) => save(context(), session, reply),
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
      handler: (session, args, reply) => bgsave(context(), session, args, reply),
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
      handler: (_session, _args, reply) => reply.integer(context().persistence.lastSaveSeconds),
    },
  ])
}

function save(context: PersistenceContext, session: Session, reply: Reply): void {
  const { persistence } = context
  if (persistence.isSaving) return reply.error(errors.SAVE_IN_PROGRESS)
  context.holding(session, reply, (target) => {
    if (persistence.saveForClient()) target.ok()
    else target.error(errors.FAILED)
  })
}

function bgsave({ persistence }: PersistenceContext, session: Session, args: Args, reply: Reply): void {
  if (args.count > 2 || (args.count === 2 && !args.isOption(1, SCHEDULE))) return reply.error(errors.SYNTAX)
  if (persistence.isSaving) return reply.error(errors.SAVE_IN_PROGRESS)
  if (!session.transaction.isRunning && persistence.start()) return reply.simple('Background saving started')
  // In a transaction, or while the workers take away what a save that was given up has left.
  persistence.schedule()
  reply.simple('Background saving scheduled')
}
