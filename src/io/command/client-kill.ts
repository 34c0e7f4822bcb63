/* CLIENT KILL (https://redis.io/commands/client-kill/): by address, or by filters that all have to hold. I/O thread. */
import type { Args } from '../../base/args.ts'
import * as errors from '../../base/error-texts.ts'
import { parsed, parseInteger, SAFE_INTEGER } from '../../base/number-text.ts'
import type { Reply } from '../../base/reply.ts'
import { type ClientType, clientType } from '../session/client-type.ts'
import type { Session } from '../session/session.ts'
import type { ClientContext } from './client-context.ts'

/** What a client must be to be killed; null: anything. */
interface Filter {
  id: number | null
  type: ClientType | null
  user: string | null
  address: string | null
  localAddress: string | null
  skipMe: boolean
}

const NO_FILTER: Filter = { id: null, type: null, user: null, address: null, localAddress: null, skipMe: true }

export function killClients(context: ClientContext, session: Session, args: Args, reply: Reply): void {
  const isOldForm = args.count === 3
  const filter = isOldForm ? { ...NO_FILTER, address: args.text(2), skipMe: false } : parseFilter(context, args)
  if (typeof filter === 'string') return reply.error(filter)
  let killed = 0
  let killsItself = false
  for (const each of [...context.sessions.values()]) {
    if (!matches(each, filter) || (each === session && filter.skipMe)) continue
    killed++
    if (each === session) killsItself = true
    else each.destroy()
  }
  if (!isOldForm) reply.integer(killed)
  else if (killed === 0) reply.error(errors.NO_SUCH_CLIENT)
  else reply.ok()
  if (killsItself) session.closeAfterReplies()
}

function matches(session: Session, filter: Filter): boolean {
  return (
    (filter.address === null || session.remote === filter.address) &&
    (filter.localAddress === null || session.local === filter.localAddress) &&
    (filter.type === null || session.type === filter.type) &&
    (filter.id === null || session.id === filter.id) &&
    (filter.user === null || session.user === filter.user)
  )
}

/** The filter that the options from argument 2 on make, or an error text. */
function parseFilter(context: ClientContext, args: Args): Filter | string {
  const filter = { ...NO_FILTER }
  for (let i = 2; i < args.count; i += 2) {
    if (i + 1 === args.count) return errors.SYNTAX
    const error = parseOption(context, filter, args, i)
    if (error !== null) return error
  }
  return filter
}

/** Takes the option at argument `i` and its value; an error text or null. */
function parseOption(context: ClientContext, filter: Filter, args: Args, i: number): string | null {
  const value = args.text(i + 1)
  switch (args.text(i).toLowerCase()) {
    case 'id': {
      const kind = parseInteger(args.bytes, args.offset[i + 1], args.length[i + 1])
      // An id beyond 2^53 is none that was ever given out.
      filter.id = kind === SAFE_INTEGER ? parsed() : Number(value)
      return filter.id > 0 ? null : errors.CLIENT_ID_NOT_POSITIVE
    }
    case 'type':
      filter.type = clientType(value)
      return filter.type === null ? errors.unknownClientType(value) : null
    case 'addr':
      filter.address = value
      return null
    case 'laddr':
      filter.localAddress = value
      return null
    case 'user':
      filter.user = value
      return context.hasUser(value) ? null : errors.noSuchUser(value)
    case 'skipme': {
      const word = value.toLowerCase()
      filter.skipMe = word === 'yes'
      return word === 'yes' || word === 'no' ? null : errors.SYNTAX
    }
    default:
      return errors.SYNTAX
  }
}
