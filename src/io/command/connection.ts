/* Commands of the connection itself (https://redis.io/commands/?group=connection). I/O thread. */
import type { Args } from '../../base/args.ts'
import { ACL_CONNECTION, FAST, type Family, family, LOADING, STALE, NO_AUTH, NOSCRIPT, ALLOW_BUSY } from '../../base/command-spec.ts'
import * as errors from '../../base/error-texts.ts'
import type { Reply } from '../../base/reply.ts'
import type { Session } from '../session/session.ts'

export interface ConnectionContext {
  /** Number of databases. */
  readonly databases: number
}

export function connectionFamily(context: () => ConnectionContext): Family<Session> {
  return family<Session>('connection', [
    {
      name: 'PING', arity: -1, runs: 'io', flags: FAST, acl: ACL_CONNECTION, keys: [], since: '1.0.0', complexity: 'O(1)',
      summary: 'Answers PONG, or with the message it is given.', syntax: '[message]',
      tips: ['request_policy:all_shards', 'response_policy:all_succeeded'], handler: ping,
    },
    {
      name: 'ECHO', arity: 2, runs: 'io', flags: LOADING | STALE | FAST, acl: ACL_CONNECTION, keys: [], since: '1.0.0',
      complexity: 'O(1)', summary: 'Answers with its argument.', syntax: 'message',
      handler: (_session, args, reply) => reply.bulk(args.bytes, args.offset[1], args.length[1]),
    },
    {
      name: 'SELECT', arity: 2, runs: 'io', flags: LOADING | STALE | FAST, acl: ACL_CONNECTION, keys: [], since: '1.0.0',
      complexity: 'O(1)', summary: 'Changes the database of the connection.', syntax: 'index:integer',
      handler: (session, args, reply) => {
        const text = args.text(1)
        if (!/^(0|-?[1-9]\d{0,9})$/.test(text)) return reply.error(errors.NOT_AN_INTEGER)
        const db = Number(text)
        if (db < 0 || db >= context().databases) return reply.error(errors.DB_OUT_OF_RANGE)
        session.db = db
        reply.ok()
      },
    },
    {
      name: 'QUIT', arity: -1, runs: 'io', flags: NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY, acl: ACL_CONNECTION,
      keys: [], since: '1.0.0', complexity: 'O(1)', summary: 'Closes the connection.', syntax: '',
      deprecated: { since: '7.2.0', replacedBy: 'closing the connection' },
      handler: (session, _args, reply) => {
        reply.ok()
        session.closeAfterReplies()
      },
    },
  ])
}

function ping(_session: Session, args: Args, reply: Reply): void {
  if (args.count > 2) return reply.error(errors.wrongArity('ping'))
  if (args.count === 2) reply.bulk(args.bytes, args.offset[1], args.length[1])
  else reply.simple('PONG')
}
