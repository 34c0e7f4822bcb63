/* Commands of the connection itself (https://redis.io/commands/?group=connection), but for CLIENT: see client.ts. I/O
 * thread. */
import type { Args } from '../../base/args.ts'
import {
  ACL_CONNECTION,
  ALLOW_BUSY,
  FAST,
  type Family,
  family,
  LOADING,
  NO_AUTH,
  NOSCRIPT,
  STALE,
} from '../../base/command-spec.ts'
import * as errors from '../../base/error-texts.ts'
import { NOT_INTEGER, parsed, parseInteger, SAFE_INTEGER } from '../../base/number-text.ts'
import type { Reply } from '../../base/reply.ts'
import { REDIS_VERSION } from '../../base/version.ts'
import type { Session } from '../session/session.ts'
import { invalidAttribute } from './client-attribute.ts'

/** What the family asks of the server. */
export interface ConnectionContext {
  /** Number of databases. */
  readonly databases: number
  readonly mode: 'standalone' | 'cluster' | 'sentinel'
  readonly role: 'master' | 'replica'
  /** Whether the default user needs a password. */
  readonly passwordRequired: boolean
  /** Whether `user` exists and has this password. Latin1 text that carries bytes. */
  mayLogIn(user: string, password: string): boolean
  /** The session's transaction and watches are over. */
  abandonTransaction(session: Session): void
}

const AUTH = 'AUTH'
const SETNAME = 'SETNAME'

export function connectionFamily(context: () => ConnectionContext): Family<Session> {
  const auth = (session: Session, args: Args, reply: Reply): void => {
    if (args.count > 3) return reply.error(errors.SYNTAX)
    if (args.count === 2 && !context().passwordRequired) return reply.error(errors.AUTH_WITHOUT_PASSWORD)
    const user = args.count === 2 ? 'default' : args.text(1)
    if (logIn(context(), session, user, args.text(args.count - 1))) reply.ok()
    else reply.error(errors.WRONG_PASSWORD)
  }
  const hello = (session: Session, args: Args, reply: Reply): void => {
    let version = 0
    if (args.count > 1) {
      const kind = parseInteger(args.bytes, args.offset[1], args.length[1])
      if (kind === NOT_INTEGER) return reply.error(errors.PROTOCOL_VERSION_NOT_AN_INTEGER)
      version = kind === SAFE_INTEGER ? parsed() : 0
      if (version !== 2 && version !== 3) return reply.error(errors.UNSUPPORTED_PROTOCOL)
    }
    let credentials: [string, string] | null = null
    let name: string | null = null
    for (let i = 2; i < args.count; i++) {
      const option = args.text(i)
      const word = option.toUpperCase()
      if (word === AUTH && i + 2 < args.count) {
        credentials = [args.text(i + 1), args.text(i + 2)]
        i += 2
      } else if (word === SETNAME && i + 1 < args.count) {
        name = args.text(++i)
        if (invalidAttribute(name)) return reply.error(errors.CLIENT_NAME)
      } else return reply.error(errors.helloOption(option))
    }
    if (credentials !== null && !logIn(context(), session, ...credentials)) return reply.error(errors.WRONG_PASSWORD)
    if (!session.authenticated) return reply.error(errors.HELLO_UNAUTHENTICATED)
    if (name !== null) session.name = name
    if (version !== 0) session.resp3 = version === 3
    reply.resp3 = session.resp3
    greet(context(), session, reply)
  }
  const reset = (session: Session, _args: Args, reply: Reply): void => {
    context().abandonTransaction(session)
    session.reset(!context().passwordRequired)
    reply.resp3 = false
    reply.simple('RESET')
  }
  const select = (session: Session, args: Args, reply: Reply): void => {
    const kind = parseInteger(args.bytes, args.offset[1], args.length[1])
    if (kind === NOT_INTEGER) return reply.error(errors.NOT_AN_INTEGER)
    if (kind !== SAFE_INTEGER || parsed() !== (parsed() | 0)) return reply.error(errors.NOT_AN_INT)
    const db = parsed()
    if (db < 0 || db >= context().databases) return reply.error(errors.DB_OUT_OF_RANGE)
    session.db = db
    reply.ok()
  }
  const common = { runs: 'io', acl: ACL_CONNECTION, keys: [], complexity: 'O(1)' } as const
  const always = NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY
  return family<Session>('connection', [
    {
      ...common,
      name: 'PING',
      arity: -1,
      flags: FAST,
      since: '1.0.0',
      syntax: '[message]',
      summary: 'Answers PONG, or with the message it is given.',
      tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
      handler: ping,
    },
    {
      ...common,
      name: 'ECHO',
      arity: 2,
      flags: LOADING | STALE | FAST,
      since: '1.0.0',
      syntax: 'message',
      summary: 'Answers with its argument.',
      handler: (_session, args, reply) => reply.bulk(args.bytes, args.offset[1], args.length[1]),
    },
    {
      ...common,
      name: 'SELECT',
      arity: 2,
      flags: LOADING | STALE | FAST,
      since: '1.0.0',
      syntax: 'index:integer',
      summary: 'Changes the database of the connection.',
      handler: select,
    },
    {
      ...common,
      name: 'AUTH',
      arity: -2,
      flags: always,
      since: '1.0.0',
      syntax: '[username] password',
      complexity: 'O(N), N passwords of the user',
      summary: 'Says who uses the connection, and proves it.',
      history: [['6.0.0', 'A user name may be given.']],
      handler: auth,
    },
    {
      ...common,
      name: 'HELLO',
      arity: -1,
      flags: always,
      since: '6.0.0',
      syntax: '[protover:integer [AUTH username password] [SETNAME clientname]]',
      summary: 'Agrees on the protocol and says what the server is.',
      history: [['6.2.0', 'The protocol version may be left out: then nothing changes.']],
      handler: hello,
    },
    {
      ...common,
      name: 'RESET',
      arity: 1,
      flags: always,
      since: '6.2.0',
      syntax: '',
      summary: 'Makes the connection as it was when it was opened.',
      handler: reset,
    },
    {
      ...common,
      name: 'QUIT',
      arity: -1,
      flags: always,
      since: '1.0.0',
      syntax: '',
      summary: 'Closes the connection.',
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

function logIn(context: ConnectionContext, session: Session, user: string, password: string): boolean {
  if (!context.mayLogIn(user, password)) return false
  session.user = user
  session.authenticated = true
  return true
}

/** HELLO's reply. */
function greet(context: ConnectionContext, session: Session, reply: Reply): void {
  const isSentinel = context.mode === 'sentinel'
  reply.map(isSentinel ? 6 : 7)
  reply.bulkText('server')
  reply.bulkText('redis')
  reply.bulkText('version')
  reply.bulkText(REDIS_VERSION)
  reply.bulkText('proto')
  reply.integer(session.resp3 ? 3 : 2)
  reply.bulkText('id')
  reply.integer(session.id)
  reply.bulkText('mode')
  reply.bulkText(context.mode)
  if (!isSentinel) {
    reply.bulkText('role')
    reply.bulkText(context.role)
  }
  reply.bulkText('modules')
  reply.array(0)
}
