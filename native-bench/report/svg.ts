/* Making SVG and HTML text: escaping, elements, scales and round tick values. Pure. */

export function markupText(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
}

export type Attributes = Readonly<Record<string, string | number>>

/** One element; `content` is markup. Numbers are cut to two decimals. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const text = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? round2(value) : markupText(value)}"`)
    .join('')
  return `<${name}${text}>${content}</${name}>`
}

function round2(value: number): string {
  return String(Math.round(value * 100) / 100)
}

/** Where a value lies on an axis, in the units of the view box. */
export type Scale = (value: number) => number

export function linearScale(from: number, to: number, start: number, end: number): Scale {
  return (value) => start + ((value - from) / (to - from)) * (end - start)
}

export function logScale(from: number, to: number, start: number, end: number): Scale {
  const low = Math.log(from)
  const span = Math.log(to) - low
  return (value) => start + ((Math.log(value) - low) / span) * (end - start)
}

/** Round values from 0 to at least `highest`: steps of 1, 2 or 5 times a power of ten, about `count` of them. */
export function linearTicks(highest: number, count: number): number[] {
  if (!(highest > 0)) return [0, 1]
  const raw = highest / count
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw) ?? raw
  return Array.from({ length: Math.ceil(highest / step - 1e-9) + 1 }, (_, i) => i * step)
}

/** 1, 2, 5 and 10 times the powers of ten, from the last one below `lowest` to the first one above `highest`. */
export function logTicks(lowest: number, highest: number): number[] {
  const ticks: number[] = []
  const lastPower = Math.ceil(Math.log10(highest)) + 1
  for (let power = Math.floor(Math.log10(lowest)) - 1; power <= lastPower; power++) {
    for (const factor of [1, 2, 5]) ticks.push(Number((factor * 10 ** power).toPrecision(1)))
  }
  const first = Math.max(
    0,
    ticks.findLastIndex((tick) => tick <= lowest),
  )
  const last = ticks.findIndex((tick, i) => tick >= highest && i > first)
  return ticks.slice(first, last + 1)
}
