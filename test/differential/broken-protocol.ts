/* Byte streams that are almost the protocol: sound commands, then damage of the kinds that parsers trip over. */

import type { Random } from '../support/random.ts'
import { encode, isUndetermined, spells } from './script.ts'

/**
 * Lines are refused beyond 64 KiB, or up to a read's length later if the kernel delivers them so: keep clear of that.
 */
const FAR_TOO_LONG = 17 * 64 * 1024

/** Pieces that clients do not send; each is one decision of the protocol's parser. */
const FRAGMENTS = [
  '\r\n',
  '\n',
  '*0\r\n',
  '*-1\r\n',
  '*-2\r\n',
  '*1\r\n$-1\r\n',
  '*1\r\n$0\r\n\r\n',
  '*1\r\n$x\r\n',
  '*x\r\n',
  '*\r\n',
  '*1\r\n$\r\n',
  '*1048576\r\n',
  '*1048577\r\n',
  '*2147483647\r\n',
  '*2147483648\r\n',
  '*9223372036854775808\r\n',
  '*1\r\n$1048577\r\n',
  '*1\r\n$536870913\r\n',
  '*1\r\n$9223372036854775808\r\n',
  '*3\r\n$3\r\nSET\r\n:1\r\n$1\r\nv\r\n',
  '*1\r\n+PING\r\n',
  '*1\r\n$4\r\nPINGPING\r\n',
  '*1\r\n$4\nPING\r\n',
  '*1\n$4\r\nPING\r\n',
  '*+1\r\n$4\r\nPING\r\n',
  '* 1\r\n$4\r\nPING\r\n',
  '*01\r\n$04\r\nPING\r\n',
  '+PING\r\n',
  ':1\r\n',
  '-ERR\r\n',
  '$4\r\nPING\r\n',
  'PING\r\n',
  'PING\n',
  ' PING \r\n',
  '\tPING\r\n',
  'PING "a b"\r\n',
  'PING "\\x41\\n\\"\\q"\r\n',
  "PING 'a\\'b'\r\n",
  'PING "unbalanced\r\n',
  "PING 'unbalanced\r\n",
  'PING "a"b\r\n',
  "PING 'a'b\r\n",
  'PING a"b"\r\n',
  'PING "\\x4"\r\n',
  'PING a\rb\r\n',
  'PING\r\r\n',
  'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
  'POST / HTTP/1.1\r\n\r\n',
  'Host: x\r\n',
  'x'.repeat(FAR_TOO_LONG),
  `*${'1'.repeat(FAR_TOO_LONG)}`,
  `*1\r\n$${'1'.repeat(FAR_TOO_LONG)}`,
  '*2\r\n$4\r\nECHO\r\n$70000\r\n',
]

/** Commands that change which replies are sent at all; sound only where a whole stream is compared. */
const MODES = [
  ['CLIENT', 'REPLY', 'OFF'],
  ['CLIENT', 'REPLY', 'SKIP'],
  ['CLIENT', 'REPLY', 'ON'],
  ['MULTI'],
  ['EXEC'],
  ['DISCARD'],
  ['QUIT'],
  ['RESET'],
  ['PING'],
  ['HELLO', '3', 'SETNAME', ' '],
  ['HELLO', '2', 'AUTH'],
  ['NOSUCHCOMMAND', 'a', 'b'],
  [''],
]

const MAX_ATTEMPTS = 50

const BYTES = '*$-+:0123456789\r\n \'"\x00\xffA'

/** The commands as bytes, with fragments between them and, most of the time, a few bytes damaged. */
export function brokenBytes(commands: readonly string[][], random: Random, foreign: ReadonlySet<string>): string {
  for (let left = MAX_ATTEMPTS; left > 0; left--) {
    const bytes = attempt(commands, random)
    if (!isUndetermined(bytes) && !spells(bytes, foreign)) return bytes
  }
  return encode(['PING'], true).toString('latin1')
}

function attempt(commands: readonly string[][], random: Random): string {
  let bytes = ''
  for (const command of commands) {
    bytes += encode(command, random.chance(0.2)).toString('latin1')
    if (random.chance(0.2)) bytes += encode(random.pick(MODES), random.chance(0.3)).toString('latin1')
    if (random.chance(0.15)) bytes += random.pick(FRAGMENTS)
  }
  for (let left = random.pick([0, 0, 1, 1, 2, 4]); left > 0; left--) bytes = damage(bytes, random)
  return bytes
}

function damage(bytes: string, random: Random): string {
  const at = random.below(bytes.length + 1)
  const rest = bytes.slice(at)
  switch (random.below(7)) {
    case 0:
      return bytes.slice(0, at) + rest.slice(1)
    case 1:
      return bytes.slice(0, at) + random.pick([...BYTES]) + rest
    case 2:
      return bytes.slice(0, at) + random.pick([...BYTES]) + rest.slice(1)
    case 3:
      return bytes.slice(0, at)
    case 4:
      return bytes.slice(0, at) + rest.slice(0, random.between(1, 20)) + rest
    case 5:
      return bytes.slice(0, at) + random.pick(FRAGMENTS) + rest
    default:
      return bytes.slice(0, at) + rest.replace(/\d+/, () => random.pick(['0', '-1', '1', '2', '5', '11', '1048577']))
  }
}
