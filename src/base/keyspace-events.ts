/* Classes of keyspace notifications (https://redis.io/docs/manual/keyspace-notifications/): the bits that
 * notify-keyspace-events selects, and the letters that name them. Any thread. */

export const NOTIFY_KEYSPACE = 1 << 0
export const NOTIFY_KEYEVENT = 1 << 1
export const NOTIFY_GENERIC = 1 << 2
export const NOTIFY_STRING = 1 << 3
export const NOTIFY_LIST = 1 << 4
export const NOTIFY_SET = 1 << 5
export const NOTIFY_HASH = 1 << 6
export const NOTIFY_ZSET = 1 << 7
export const NOTIFY_EXPIRED = 1 << 8
export const NOTIFY_EVICTED = 1 << 9
export const NOTIFY_STREAM = 1 << 10
export const NOTIFY_KEY_MISS = 1 << 11
export const NOTIFY_MODULE = 1 << 13
export const NOTIFY_NEW = 1 << 14

/** The letter A: every class of events but key misses and new keys. */
export const NOTIFY_ALL =
  NOTIFY_GENERIC |
  NOTIFY_STRING |
  NOTIFY_LIST |
  NOTIFY_SET |
  NOTIFY_HASH |
  NOTIFY_ZSET |
  NOTIFY_EXPIRED |
  NOTIFY_EVICTED |
  NOTIFY_STREAM |
  NOTIFY_MODULE

/** What A does not stand for in what is shown: these follow the classes, whether or not A does. */
const DELIVERIES: readonly (readonly [string, number])[] = [
  ['K', NOTIFY_KEYSPACE],
  ['E', NOTIFY_KEYEVENT],
  ['m', NOTIFY_KEY_MISS],
]

const CLASSES: readonly (readonly [string, number])[] = [
  ['g', NOTIFY_GENERIC],
  ['$', NOTIFY_STRING],
  ['l', NOTIFY_LIST],
  ['s', NOTIFY_SET],
  ['h', NOTIFY_HASH],
  ['z', NOTIFY_ZSET],
  ['x', NOTIFY_EXPIRED],
  ['e', NOTIFY_EVICTED],
  ['t', NOTIFY_STREAM],
  ['d', NOTIFY_MODULE],
  ['n', NOTIFY_NEW],
]

const BIT_OF = new Map<string, number>([...CLASSES, ...DELIVERIES, ['A', NOTIFY_ALL]])

/** The bits that `letters` select, or -1 if one of them names no class. */
export function parseKeyspaceEvents(letters: string): number {
  let bits = 0
  for (const letter of letters) {
    const bit = BIT_OF.get(letter)
    if (bit === undefined) return -1
    bits |= bit
  }
  return bits
}

/** The letters of `bits`, in Redis's order. As there, A hides n: new keys selected beside A are not shown. */
export function showKeyspaceEvents(bits: number): string {
  const lettersOf = (table: typeof CLASSES) => table.map(([letter, bit]) => ((bits & bit) !== 0 ? letter : '')).join('')
  return ((bits & NOTIFY_ALL) === NOTIFY_ALL ? 'A' : lettersOf(CLASSES)) + lettersOf(DELIVERIES)
}
