/* CLIENT (https://redis.io/commands/client/): what a client says of its connection, and what it asks about others. I/O
 * thread. */
import type { Args } from '../../base/args.ts'
import {
  ACL_CONNECTION,
  type CommandSpec,
  type Family,
  family,
  LOADING,
  NOSCRIPT,
  STALE,
} from '../../base/command-spec.ts'
import * as errors from '../../base/error-texts.ts'
import type { Reply } from '../../base/reply.ts'
import type { Session } from '../session/session.ts'
import { invalidAttribute } from './client-attribute.ts'

export function clientFamily(): Family<Session> {
  const common = { runs: 'io', acl: ACL_CONNECTION, keys: [], complexity: 'O(1)' } as const
  const flags = NOSCRIPT | LOADING | STALE
  const everywhere = ['request_policy:all_nodes', 'response_policy:all_succeeded']
  const subcommands: CommandSpec<Session>[] = [
    {
      ...common, name: 'ID', arity: 2, flags, since: '5.0.0', syntax: '', summary: 'The number of the connection.',
      handler: (session, _args, reply) => reply.integer(session.id),
    },
    {
      ...common, name: 'SETNAME', arity: 3, flags, since: '2.6.9', syntax: 'connection-name', tips: everywhere,
      summary: 'Gives the connection a name.', handler: setName,
    },
    {
      ...common, name: 'GETNAME', arity: 2, flags, since: '2.6.9', syntax: '', summary: 'The name of the connection.',
      handler: (session, _args, reply) => (session.name === '' ? reply.nil() : reply.bulkText(session.name)),
    },
    {
      ...common, name: 'SETINFO', arity: 4, flags, since: '7.2.0', syntax: '(LIB-NAME libname|LIB-VER libver)',
      tips: everywhere, summary: 'Names the library that the client uses.', handler: setInfo,
    },
  ]
  return family<Session>('connection', [
    {
      ...common, name: 'CLIENT', arity: -2, flags: 0, acl: 0, since: '2.4.0', syntax: '',
      complexity: 'Depends on the subcommand', summary: 'Commands about connections.', subcommands,
    },
  ])
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
