/* CLIENT (https://redis.io/commands/client/): what a client says of its own connection, and what it asks about and does
 * to others. I/O thread. Killing is in client-kill.ts, tracking in client-tracking.ts. */
import type { Args } from '../../base/args.ts'
import {
  ACL_CONNECTION,
  ADMIN,
  type CommandSpec,
  type Family,
  family,
  LOADING,
  NOSCRIPT,
  STALE,
} from '../../base/command-spec.ts'
import * as errors from '../../base/error-texts.ts'
import { writeHelp } from '../../base/help.ts'
import { NOT_INTEGER, parsed, parsedBig, parseInteger, SAFE_INTEGER } from '../../base/number-text.ts'
import type { Reply } from '../../base/reply.ts'
import { type ClientType, clientType } from '../session/client-type.ts'
import type { Session } from '../session/session.ts'
import { invalidAttribute } from './client-attribute.ts'
import type { ClientContext } from './client-context.ts'
import { CLIENT_HELP } from './client-help.ts'
import { killClients } from './client-kill.ts'
import { caching, tracking, writeTrackingInfo } from './client-tracking.ts'

const MAX_INT64 = 2n ** 63n - 1n
/** The longest CLIENT LIST: half of what a string of V8's may be. */
const MAX_LIST_CHARS = 2 ** 28

export function clientFamily(context: () => ClientContext): Family<Session> {
  const common = { runs: 'io', acl: ACL_CONNECTION, keys: [], complexity: 'O(1)' } as const
  const flags = NOSCRIPT | LOADING | STALE
  const everywhere = ['request_policy:all_nodes', 'response_policy:all_succeeded']
  const nondeterministic = ['nondeterministic_output']
  const subcommands: CommandSpec<Session>[] = [
    {
      ...common,
      name: 'ID',
      arity: 2,
      flags,
      since: '5.0.0',
      syntax: '',
      summary: 'The number of the connection.',
      handler: (session, _args, reply) => reply.integer(session.id),
    },
    {
      ...common,
      name: 'INFO',
      arity: 2,
      flags,
      since: '6.2.0',
      syntax: '',
      tips: nondeterministic,
      summary: 'The line of CLIENT LIST about the connection.',
      handler: (session, args, reply) => {
        reply.verbatim('txt', `${context().describeClient(session, args.totalBytes())}\n`)
      },
    },
    {
      ...common,
      name: 'LIST',
      arity: -2,
      flags: flags | ADMIN,
      since: '2.4.0',
      tips: nondeterministic,
      complexity: 'O(N), N connections',
      syntax: '[TYPE <NORMAL|MASTER|REPLICA|PUBSUB>] [ID client-id:integer...]',
      summary: 'All connections, a line each.',
      handler: (session, args, reply) => list(context(), session, args, reply),
      history: [
        ['2.8.12', 'The field `id`.'],
        ['5.0.0', 'TYPE chooses clients.'],
        ['6.0.0', 'The field `user`.'],
        ['6.2.0', 'The fields `argv-mem`, `tot-mem`, `laddr` and `redir`; ID chooses clients.'],
        ['7.0.0', 'The fields `resp`, `multi-mem`, `rbs` and `rbp`.'],
        ['7.0.3', 'The field `ssub`.'],
      ],
    },
    {
      ...common,
      name: 'KILL',
      arity: -3,
      flags: flags | ADMIN,
      since: '2.4.0',
      complexity: 'O(N), N connections',
      summary: 'Closes connections.',
      syntax:
        '<old-format|<ID client-id:integer|TYPE <NORMAL|MASTER|SLAVE|REPLICA|PUBSUB>|USER username|' +
        'ADDR addr|LADDR laddr|SKIPME <YES|NO>>...>',
      handler: (session, args, reply) => killClients(context(), session, args, reply),
      history: [
        ['2.8.12', 'Filters.'],
        ['2.8.12', 'The filter ID.'],
        ['3.2.0', 'The type `master`.'],
        ['5.0.0', 'The type `replica`, of which `slave` is the old name.'],
        ['6.2.0', 'The filter LADDR.'],
      ],
    },
    {
      ...common,
      name: 'SETNAME',
      arity: 3,
      flags,
      since: '2.6.9',
      syntax: 'connection-name',
      tips: everywhere,
      summary: 'Gives the connection a name.',
      handler: setName,
    },
    {
      ...common,
      name: 'GETNAME',
      arity: 2,
      flags,
      since: '2.6.9',
      syntax: '',
      summary: 'The name of the connection.',
      handler: (session, _args, reply) => (session.name === '' ? reply.nil() : reply.bulkText(session.name)),
    },
    {
      ...common,
      name: 'SETINFO',
      arity: 4,
      flags,
      since: '7.2.0',
      syntax: '<LIB-NAME libname|LIB-VER libver>',
      tips: everywhere,
      summary: 'Names the library that the client uses.',
      handler: setInfo,
    },
    {
      ...common,
      name: 'REPLY',
      arity: 3,
      flags,
      since: '3.2.0',
      syntax: 'ON|OFF|SKIP',
      summary: 'Chooses whether commands are answered.',
      handler: replyMode,
    },
    {
      ...common,
      name: 'PAUSE',
      arity: -3,
      flags: flags | ADMIN,
      since: '3.0.0',
      syntax: 'timeout:integer [WRITE|ALL]',
      summary: 'Lets clients wait.',
      history: [['6.2.0', 'WRITE, and the choice between it and ALL.']],
      handler: (_session, args, reply) => pause(context(), args, reply),
    },
    {
      ...common,
      name: 'UNPAUSE',
      arity: 2,
      flags: flags | ADMIN,
      since: '6.2.0',
      syntax: '',
      complexity: 'O(N), N waiting clients',
      summary: 'Lets clients go on that wait.',
      handler: (_session, _args, reply) => {
        context().unpauseClients()
        reply.ok()
      },
    },
    {
      ...common,
      name: 'UNBLOCK',
      arity: -3,
      flags: flags | ADMIN,
      since: '5.0.0',
      complexity: 'O(log N), N connections',
      syntax: 'client-id:integer [TIMEOUT|ERROR]',
      summary: 'Ends the waiting of a client in a blocking command.',
      handler: (_session, args, reply) => unblock(context(), args, reply),
    },
    {
      ...common,
      name: 'NO-EVICT',
      arity: 3,
      flags: flags | ADMIN,
      since: '7.0.0',
      syntax: 'ON|OFF',
      summary: 'Keeps the connection open when clients are closed for their memory.',
      handler: (session, args, reply) => {
        const value = onOff(args, reply)
        if (value !== null) session.noEvict = value
      },
    },
    {
      ...common,
      name: 'NO-TOUCH',
      arity: 3,
      flags,
      since: '7.2.0',
      syntax: 'ON|OFF',
      summary: 'Chooses whether commands count as use of the keys they read.',
      handler: (session, args, reply) => {
        const value = onOff(args, reply)
        if (value !== null) session.noTouch = value
      },
    },
    {
      ...common,
      name: 'TRACKING',
      arity: -3,
      flags,
      since: '6.0.0',
      complexity: 'O(1); some options cost more',
      syntax: 'ON|OFF [REDIRECT client-id:integer] [PREFIX prefix]... [BCAST] [OPTIN] [OPTOUT] [NOLOOP]',
      summary: 'Has the client told when keys it has read change.',
      handler: (_session, args, reply) => tracking(context().sessions, args, reply),
    },
    {
      ...common,
      name: 'CACHING',
      arity: 3,
      flags,
      since: '6.0.0',
      syntax: 'YES|NO',
      summary: 'Chooses whether the keys of the next command are tracked.',
      handler: caching,
    },
    {
      ...common,
      name: 'GETREDIR',
      arity: 2,
      flags,
      since: '6.0.0',
      syntax: '',
      summary: 'The client that is told instead of this one.',
      handler: (_session, _args, reply) => reply.integer(-1),
    },
    {
      ...common,
      name: 'TRACKINGINFO',
      arity: 2,
      flags,
      since: '6.2.0',
      syntax: '',
      summary: 'How keys are tracked for the connection.',
      handler: (_session, _args, reply) => writeTrackingInfo(reply),
    },
    {
      ...common,
      name: 'HELP',
      arity: 2,
      flags: LOADING | STALE,
      since: '5.0.0',
      syntax: '',
      summary: 'The subcommands.',
      handler: (_session, _args, reply) => writeHelp(reply, 'CLIENT', CLIENT_HELP),
    },
  ]
  return family<Session>('connection', [
    {
      ...common,
      name: 'CLIENT',
      arity: -2,
      flags: 0,
      acl: 0,
      since: '2.4.0',
      syntax: '',
      complexity: 'Depends on the subcommand',
      summary: 'Commands about connections.',
      subcommands,
    },
  ])
}

function list(context: ClientContext, session: Session, args: Args, reply: Reply): void {
  const word = args.count > 2 ? args.text(2).toLowerCase() : ''
  let chosen: Iterable<Session> = context.sessions.values()
  if (word === 'type' && args.count === 4) {
    const type = clientType(args.text(3))
    if (type === null) return reply.error(errors.unknownClientType(args.text(3)))
    chosen = ofType(context.sessions.values(), type)
  } else if (word === 'id' && args.count > 3) {
    const sessions: Session[] = []
    for (let i = 3; i < args.count; i++) {
      const kind = parseInteger(args.bytes, args.offset[i], args.length[i])
      if (kind === NOT_INTEGER) return reply.error(errors.INVALID_CLIENT_ID)
      const found = kind === SAFE_INTEGER ? context.sessions.get(parsed()) : undefined
      if (found !== undefined) sessions.push(found)
    }
    chosen = sessions
  } else if (args.count !== 2) return reply.error(errors.SYNTAX)
  let text = ''
  for (const each of chosen) {
    text += `${context.describeClient(each, each === session ? args.totalBytes() : 0)}\n`
    // Their names may be as long as texts can be.
    if (text.length > MAX_LIST_CHARS) return reply.error(errors.REPLY_TOO_LARGE)
  }
  reply.verbatim('txt', text)
}

function* ofType(sessions: Iterable<Session>, type: ClientType): Iterable<Session> {
  for (const session of sessions) if (session.type === type) yield session
}

function setName(session: Session, args: Args, reply: Reply): void {
  const name = args.text(2)
  if (invalidAttribute(name)) return reply.error(errors.CLIENT_NAME)
  session.name = name
  reply.ok()
}

function setInfo(session: Session, args: Args, reply: Reply): void {
  const attribute = args.text(2)
  const word = attribute.toLowerCase()
  const value = args.text(3)
  if (word !== 'lib-name' && word !== 'lib-ver') return reply.error(errors.unrecognizedOption(attribute))
  if (invalidAttribute(value)) return reply.error(errors.clientAttribute(attribute))
  if (word === 'lib-name') session.libName = value
  else session.libVersion = value
  reply.ok()
}

function replyMode(session: Session, args: Args, reply: Reply): void {
  const word = args.text(2).toLowerCase()
  if (word === 'on') {
    session.replyOff = false
    session.skipReply = false
    reply.ok()
  } else if (word === 'off') session.replyOff = true
  else if (word === 'skip') session.skipNextReply = !session.replyOff
  else reply.error(errors.SYNTAX)
}

/** The value of argument 2, answered with OK; null after the error was written. */
function onOff(args: Args, reply: Reply): boolean | null {
  const word = args.text(2).toLowerCase()
  if (word !== 'on' && word !== 'off') {
    reply.error(errors.SYNTAX)
    return null
  }
  reply.ok()
  return word === 'on'
}

function pause(context: ClientContext, args: Args, reply: Reply): void {
  if (args.count > 4) return reply.error(errors.subcommandSyntax(args.text(1), 'CLIENT'))
  let all = true
  if (args.count === 4) {
    const word = args.text(3).toLowerCase()
    if (word !== 'write' && word !== 'all') return reply.error(errors.PAUSE_MODE)
    all = word === 'all'
  }
  const kind = parseInteger(args.bytes, args.offset[2], args.length[2])
  if (kind === NOT_INTEGER) return reply.error(errors.TIMEOUT_NOT_AN_INTEGER)
  const timeout = parsedBig(args.bytes, args.offset[2], args.length[2])
  if (timeout < 0n) return reply.error(errors.NEGATIVE_TIMEOUT)
  const now = BigInt(context.nowMs())
  if (timeout > MAX_INT64 - now) return reply.error(errors.TIMEOUT_OUT_OF_RANGE)
  context.pauseClients(Number(timeout + now), all)
  reply.ok()
}

function unblock(context: ClientContext, args: Args, reply: Reply): void {
  if (args.count > 4) return reply.error(errors.subcommandSyntax(args.text(1), 'CLIENT'))
  if (args.count === 4) {
    const word = args.text(3).toLowerCase()
    if (word !== 'timeout' && word !== 'error') return reply.error(errors.UNBLOCK_REASON)
  }
  const kind = parseInteger(args.bytes, args.offset[2], args.length[2])
  if (kind === NOT_INTEGER) return reply.error(errors.NOT_AN_INTEGER)
  const wait = kind === SAFE_INTEGER ? context.sessions.get(parsed())?.wait : undefined
  reply.integer(wait ? 1 : 0)
  wait?.unblock(args.count === 4 && args.text(3).toLowerCase() === 'error')
}
