/* The text of INFO: sections of `name:value` lines under a heading (https://redis.io/commands/info/). Any thread. */

export class InfoText {
  private text = ''

  /** Begins a section. */
  heading(title: string): void {
    this.text += this.text === '' ? `# ${title}\r\n` : `\r\n# ${title}\r\n`
  }

  field(name: string, value: string | number): void {
    this.text += `${name}:${typeof value === 'number' ? whole(value) : value}\r\n`
  }

  /** Fields in order, by name. */
  fields(all: Readonly<Record<string, string | number>>): void {
    for (const [name, value] of Object.entries(all)) this.field(name, value)
  }

  /** A field, and below it the same bytes for people. */
  bytes(name: string, value: number): void {
    this.field(name, value)
    this.field(`${name}_human`, humanBytes(value))
  }

  toString(): string {
    return this.text
  }
}

/** Figures are whole unless they are given as text. */
function whole(value: number): string {
  return String(Math.trunc(value))
}

/** Two decimals. */
export const decimals = (value: number) => value.toFixed(2)

const UNITS = 'KMGTP'

/** Bytes in the largest unit that they fill: 512B, 1.50K, 23.54G. */
export function humanBytes(bytes: number): string {
  if (bytes < 1024) return `${Math.trunc(bytes)}B`
  let value = bytes
  let unit = -1
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  return `${value.toFixed(2)}${UNITS[unit]}`
}
