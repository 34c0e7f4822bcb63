/* The command mix: `get=80,set=20` names commands of the table below with their weights. Pure. */

/** An argument is literal text or one of these: a key of the key space, a counter's key, a field or member, a value. */
export const KEY = '{key}'
export const COUNTER = '{counter}'
export const MEMBER = '{member}'
export const VALUE = '{value}'

const KEYS_PER_MULTI = 10

/** Every command the generator can send. Each type has keys of its own, so that no mix runs into WRONGTYPE. */
export const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  ping: ['PING'],
  get: ['GET', KEY],
  set: ['SET', KEY, VALUE],
  setex: ['SET', KEY, VALUE, 'EX', '3600'],
  getrange: ['GETRANGE', KEY, '0', '9'],
  strlen: ['STRLEN', KEY],
  exists: ['EXISTS', KEY],
  del: ['DEL', KEY],
  expire: ['EXPIRE', KEY, '3600'],
  ttl: ['TTL', KEY],
  incr: ['INCR', COUNTER],
  mget: ['MGET', ...Array.from({ length: KEYS_PER_MULTI }, () => KEY)],
  mset: ['MSET', ...Array.from({ length: KEYS_PER_MULTI }, () => [KEY, VALUE]).flat()],
  lpush: ['LPUSH', 'mylist', VALUE],
  rpop: ['RPOP', 'mylist'],
  hset: ['HSET', 'myhash', MEMBER, VALUE],
  hget: ['HGET', 'myhash', MEMBER],
  sadd: ['SADD', 'myset', MEMBER],
  zadd: ['ZADD', 'myzset', '1', MEMBER],
}

export interface MixEntry {
  command: string
  weight: number
}

/** Reads `get=80,set=20`; a name without a weight has weight 1. Throws with the reason when it makes no sense. */
export function parseMix(text: string): MixEntry[] {
  return text.split(',').map((part) => {
    const [name, weightText = '1'] = part.trim().toLowerCase().split('=')
    if (COMMANDS[name] === undefined) {
      throw new Error(`mix: no command '${name}'; there are ${Object.keys(COMMANDS).join(', ')}`)
    }
    const weight = Number(weightText)
    if (!(weight > 0) || !Number.isFinite(weight)) throw new Error(`mix: '${part}' needs a weight above 0`)
    return { command: name, weight }
  })
}

/** The mix as its option spells it. */
export function mixText(mix: readonly MixEntry[]): string {
  return mix.map(({ command, weight }) => `${command}=${weight}`).join(',')
}

/** Picks one entry; `unit` is uniform in [0, 1). */
export function pick(mix: readonly MixEntry[], unit: number): MixEntry {
  let total = 0
  for (const entry of mix) total += entry.weight
  let left = unit * total
  for (const entry of mix) {
    left -= entry.weight
    if (left < 0) return entry
  }
  return mix[mix.length - 1]
}
