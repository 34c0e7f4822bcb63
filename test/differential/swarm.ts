/* What one seed tests: swarm testing (Groce et al., ISSTA 2012). Each seed leaves most features off and weighs the rest
 * wildly, which reaches states that an even mix of everything never does: long runs of APPEND, nothing but WATCH and
 * SWAPDB, a single key under eight clients. */

import { Random } from '../support/random.ts'
import type { CommandShape } from './shapes.ts'
import type { Palette } from './vocabulary.ts'
import { VALUES } from './vocabulary.ts'

export interface Swarm {
  clients: number
  shapes: CommandShape[]
  weights: number[]
  palette: Palette
  steps: number
  transport: 'tcp' | 'unix'
  limits: Record<string, string>
  /** Chances, per step, of each kind of step; the rest are single commands. */
  pipelines: number
  together: number
  sessions: number
  inline: number
  /** Chance that a command gets a key that others of its group write to. */
  ownKeys: number
  /** Chance that a command is damaged: arguments dropped, doubled, swapped, replaced. */
  damage: number
  /** Chance that a write is cut in two. */
  cuts: number
  /** Chance per step that a client outside a transaction opens one. */
  transactions: number
  /** Chance that a connection starts with HELLO 3. */
  resp3: number
}

const KEYS = [
  'k0',
  'k1',
  'k2',
  'k3',
  'k4',
  'k5',
  'k6',
  'k7',
  '{a}1',
  '{a}2',
  '{b}1',
  '',
  '\x00\xff\r\n',
  'key with space',
  'long'.repeat(40),
  '{}',
  '{}x',
  'a{b}c{d}',
]

/** Commands that empty the key space would keep it empty if they came as often as others. */
const RARE: Readonly<Record<string, number>> = {
  FLUSHALL: 0.1,
  FLUSHDB: 0.15,
  QUIT: 0.2,
  RESET: 0.3,
  HELLO: 0.3,
  SWAPDB: 0.5,
  SELECT: 0.6,
  AUTH: 0.5,
  INFO: 0.2,
}

/** Commands that every seed keeps, so that keys come to be. */
const ALWAYS = new Set(['SET', 'GET'])

/** Their cost grows with the product of two values' lengths. */
const QUADRATIC = new Set(['LCS'])

/** A random key or a part of the keys is looked at, and an expired key that is looked at is deleted. */
const DELETE_EXPIRED_BY_CHANCE = new Set(['RANDOMKEY'])

/** The swarm of `seed` over these shapes. `maxSteps` bounds the script. */
export function swarmOf(seed: number, shapes: readonly CommandShape[], maxSteps: number): Swarm {
  const random = new Random(seed)
  const shortLives = random.chance(0.4) ? random.pick([0.1, 0.3]) : 0
  const pastTimes = random.chance(0.5)
  const expiredKeysLinger = shortLives > 0 || pastTimes
  const bigValues = random.chance(0.1)
  const share = random.pick([0.15, 0.4, 0.7, 1])
  const drawn = shapes.filter(({ words }) => {
    const on = ALWAYS.has(words[0]) || random.chance(share)
    return (
      on && !(bigValues && QUADRATIC.has(words[0])) && !(expiredKeysLinger && DELETE_EXPIRED_BY_CHANCE.has(words[0]))
    )
  })
  const limits = limitsOf(new Random(seed ^ 0x2545f491))
  const dumpable =
    limits['list-compress-depth'] === undefined ? drawn : drawn.filter(({ words }) => words[0] !== 'DUMP')
  // Of a few shapes all may have been switched off.
  const chosen = dumpable.length > 0 ? dumpable : [...shapes]
  const weights = chosen.map(({ words }) => Math.exp(random.fraction() * 4) * (RARE[words[0]] ?? 1))
  return {
    clients: random.pick([1, 2, 2, 3, 4, 8]),
    shapes: chosen,
    weights,
    palette: palette(random, shortLives, pastTimes, bigValues),
    steps: random.between(Math.ceil(maxSteps / 4), maxSteps),
    transport: random.chance(0.25) ? 'unix' : 'tcp',
    limits,
    pipelines: random.pick([0, 0.1, 0.3, 0.8]),
    together: random.pick([0, 0, 0.1, 0.3]),
    // A half-closed connection may be dropped before a big reply is out.
    sessions: bigValues ? 0 : random.pick([0, 0, 0.05, 0.3]),
    inline: random.pick([0, 0, 0.1, 0.5]),
    ownKeys: random.pick([0, 0.8, 0.95]),
    damage: random.pick([0, 0.05, 0.1, 0.4]),
    cuts: random.pick([0, 0, 0.2, 0.6]),
    transactions: random.pick([0, 0.03, 0.1]),
    resp3: random.pick([0, 0.5, 1]),
  }
}

/** Limits of the encodings that little data meets. DUMP shows compressed nodes, and each compressor makes its own. */
function limitsOf(random: Random): Record<string, string> {
  const limits: Record<string, string> = {}
  if (random.chance(0.4)) limits['hash-max-listpack-entries'] = random.pick(['0', '1', '4', '12'])
  if (random.chance(0.2)) limits['hash-max-listpack-value'] = random.pick(['0', '5', '20', '1000'])
  if (random.chance(0.4)) limits['list-max-listpack-size'] = random.pick(['1', '2', '3', '7', '-1', '-5'])
  if (random.chance(0.2)) limits['list-compress-depth'] = random.pick(['1', '2'])
  return limits
}

function palette(random: Random, shortLives: number, pastTimes: boolean, bigValues: boolean): Palette {
  const values = random.shuffle(VALUES).slice(0, random.between(3, VALUES.length))
  if (bigValues) values.push('b'.repeat(20_000), 'B'.repeat(random.between(100_000, 300_000)))
  return {
    keys: random.shuffle(KEYS).slice(0, random.pick([1, 2, 3, 5, 8, KEYS.length])),
    values,
    databases: random.pick([['0'], ['0', '1'], ['0', '1', '2', '3'], ['0', '9', '15']]),
    oddNumbers: random.pick([0, 0.1, 0.4]),
    shortLives,
    pastTimes,
    password: random.chance(0.1) ? 'secret' : '',
  }
}
