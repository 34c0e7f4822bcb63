/* What LOLWUT draws: spinel crystals, octahedra as they grow, and below them what the server is. Pure but for the
 * generator handed in; any thread. */
import { type Random, randomBelow } from '../base/ports.ts'
import { REDIS_VERSION, SPINEL_VERSION } from '../base/version.ts'

const WIDTH = 66
const HEIGHT = 11
const CRYSTALS = 5
const MIN_RADIUS = 2
const FACETS = '.:+*'

export function spinelArt(random: Random): string {
  const canvas = Array.from({ length: HEIGHT }, () => new Array<string>(WIDTH).fill(' '))
  for (let i = 0; i < CRYSTALS; i++) {
    const radius = MIN_RADIUS + randomBelow(random, Math.trunc(HEIGHT / 2) - MIN_RADIUS + 1)
    const x = radius * 2 + randomBelow(random, WIDTH - radius * 4)
    const y = radius + randomBelow(random, HEIGHT - radius * 2)
    drawCrystal(canvas, x, y, radius, FACETS[randomBelow(random, FACETS.length)])
  }
  const rows = canvas.map((row) => row.join('').trimEnd())
  return `${rows.join('\n')}\n\nRedis ver. ${REDIS_VERSION}, Spinel ver. ${SPINEL_VERSION}\n`
}

/** An octahedron seen from the side: a rhombus of facets with its edges. */
function drawCrystal(canvas: string[][], x: number, y: number, radius: number, facet: string): void {
  for (let row = -radius; row < radius; row++) {
    const isUpper = row < 0
    const half = isUpper ? row + radius : radius - row - 1
    const line = canvas[y + row]
    for (let column = -half; column <= half; column++) line[x + column] = column < 0 ? ' ' : facet
    line[x - half - 1] = isUpper ? '/' : '\\'
    line[x + half + 1] = isUpper ? '\\' : '/'
  }
}
