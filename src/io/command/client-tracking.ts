/* CLIENT TRACKING, CACHING and TRACKINGINFO (https://redis.io/docs/manual/client-side-caching/). I/O thread. Keys are
 * not tracked: switching it on is refused, with Redis's errors for options that it would refuse as well; switching it
 * off changes nothing. */
import type { Args } from '../../base/args.ts'
import * as errors from '../../base/error-texts.ts'
import { NOT_INTEGER, parsed, parseInteger } from '../../base/number-text.ts'
import type { Reply } from '../../base/reply.ts'
import type { Session } from '../session/session.ts'

/** The options given, in lower case. */
type Options = ReadonlySet<string>

export function tracking(sessions: ReadonlyMap<number, Session>, args: Args, reply: Reply): void {
  const options = parseOptions(sessions, args)
  if (typeof options === 'string') return reply.error(options)
  const word = args.text(2).toLowerCase()
  if (word === 'off') return reply.ok()
  if (word !== 'on') return reply.error(errors.SYNTAX)
  reply.error(contradiction(options) ?? errors.TRACKING_NOT_SUPPORTED)
}

function parseOptions(sessions: ReadonlyMap<number, Session>, args: Args): Options | string {
  const options = new Set<string>()
  let redirect = 0
  for (let i = 3; i < args.count; i++) {
    const word = args.text(i).toLowerCase()
    const hasValue = i + 1 < args.count
    if (word === 'redirect' && hasValue) {
      if (redirect !== 0) return errors.SINGLE_REDIRECT
      i++
      if (parseInteger(args.bytes, args.offset[i], args.length[i]) === NOT_INTEGER) return errors.NOT_AN_INTEGER
      redirect = parsed()
      if (!sessions.has(redirect)) return errors.NO_REDIRECT_TARGET
    } else if (word === 'prefix' && hasValue) i++
    else if (word !== 'bcast' && word !== 'optin' && word !== 'optout' && word !== 'noloop') return errors.SYNTAX
    options.add(word)
  }
  return options
}

/** Why the options don't go together, or null. */
function contradiction(options: Options): string | null {
  const isBroadcast = options.has('bcast')
  if (!isBroadcast && options.has('prefix')) return errors.PREFIX_WITHOUT_BCAST
  if (isBroadcast && (options.has('optin') || options.has('optout'))) return errors.BCAST_WITH_CHOICE
  if (options.has('optin') && options.has('optout')) return errors.OPTIN_WITH_OPTOUT
  return null
}

export function caching(_session: Session, _args: Args, reply: Reply): void {
  reply.error(errors.CACHING_WITHOUT_TRACKING)
}

export function writeTrackingInfo(reply: Reply): void {
  reply.map(3)
  reply.bulkText('flags')
  reply.set(1)
  reply.bulkText('off')
  reply.bulkText('redirect')
  reply.integer(-1)
  reply.bulkText('prefixes')
  reply.array(0)
}
