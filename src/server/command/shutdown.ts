/* SHUTDOWN (https://redis.io/commands/shutdown/). I/O thread. */
import type { Args } from '../../base/args.ts'
import { ADMIN, ALLOW_BUSY, type Family, family, LOADING, NO_MULTI, NOSCRIPT, STALE } from '../../base/command-spec.ts'
import * as errors from '../../base/error-texts.ts'
import type { Reply } from '../../base/reply.ts'
import type { Session } from '../../io/session/session.ts'
import type { Shutdown, ShutdownOption } from '../shutdown.ts'

const OPTIONS: readonly string[] = ['save', 'nosave', 'now', 'force'] satisfies ShutdownOption[]

export interface ShutdownContext {
  readonly shutdown: Shutdown
  readonly isLoading: boolean
  /** Has `action` answer while nothing else touches any shard. */
  holding(session: Session, reply: Reply, action: (target: Reply) => void): void
}

export function shutdownFamily(context: () => ShutdownContext): Family<Session> {
  const handler = (session: Session, args: Args, reply: Reply): void => {
    const { shutdown, isLoading } = context()
    const words = new Set<string>()
    for (let i = 1; i < args.count; i++) words.add(args.text(i).toLowerCase())
    const abort = words.delete('abort')
    const options = OPTIONS.filter((word) => words.delete(word)) as ShutdownOption[]
    const isContradiction = (abort && options.length > 0) || (options.includes('save') && options.includes('nosave'))
    if (words.size > 0 || isContradiction) return reply.error(errors.SYNTAX)
    if (abort) return shutdown.abort() ? reply.ok() : reply.error(errors.NO_SHUTDOWN)
    const end = (target: Reply) => {
      if (!shutdown.request(options)) target.error(errors.SHUTDOWN_FAILED)
    }
    // While the data set is loaded the shards are not to be had, and there is nothing to save.
    if (isLoading) end(reply)
    else context().holding(session, reply, end)
  }
  return family<Session>('server', [
    {
      name: 'SHUTDOWN',
      arity: -1,
      runs: 'io',
      flags: ADMIN | NOSCRIPT | LOADING | STALE | NO_MULTI | ALLOW_BUSY,
      acl: 0,
      keys: [],
      since: '1.0.0',
      complexity: 'O(N), N keys, when it saves; O(1) otherwise',
      summary: 'Ends the server, saving the data set if asked or configured to.',
      syntax: '[NOSAVE|SAVE] [NOW] [FORCE] [ABORT]',
      history: [['7.0.0', 'NOW, FORCE and ABORT.']],
      handler,
    },
  ])
}
