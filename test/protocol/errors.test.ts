/* Broken and odd input gets from Spinel the very bytes that redis-server answers, and the connection ends or stays as
 * it does there. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeCommand, latin1 } from '../support/resp.ts'
import { type Server, startOracle, startSpinel } from '../support/server.ts'

/** The longest header line or inline command (64 KiB) is refused when one byte more has come. */
const LINE_BYTES = 64 * 1024

const command = (...words: string[]) => latin1(encodeCommand(words))

/** Sent whole; then the client half-closes, so that both servers end the connection sooner or later. */
const STREAMS: Record<string, string> = {
  'an empty line': '\r\nPING\r\n',
  'a bare line feed': '\nPING\n',
  'spaces only': '   \r\nPING\r\n',
  'a tab before an inline command': '\tPING\r\n',
  'an inline command without CR': 'PING\nECHO x\n',
  'two CR': 'PING\r\r\n',
  'a CR within an inline command': 'ECHO a\rb\r\n',
  'double quotes': 'ECHO "a b\\n\\x41\\"\\q"\r\n',
  'single quotes': "ECHO 'a\\'b \\n'\r\n",
  'empty quotes': 'ECHO ""\r\n',
  'an incomplete hexadecimal escape': 'ECHO "\\x4"\r\n',
  'an unbalanced double quote': 'PING\r\nECHO "a\r\nPING\r\n',
  'an unbalanced single quote': "PING\r\nECHO 'a\r\nPING\r\n",
  'a letter behind a closing quote': 'ECHO "a"b\r\n',
  'a quote within a word': 'ECHO a"b"\r\n',
  'a zero byte in an inline command': 'PING\r\nECHO \0\r\nPING\r\n',
  'RESP types that no request begins with': '+PING\r\n:1\r\n-ERR x\r\n$4\r\nPING\r\n',
  'an empty array': `*0\r\n${command('PING')}`,
  'a null array': `*-1\r\n${command('PING')}`,
  'the least of all counts': `*-9223372036854775808\r\n${command('PING')}`,
  'a count below 64 bits': `*-9223372036854775809\r\n${command('PING')}`,
  'a count that is no number': `${command('PING')}*x\r\n${command('PING')}`,
  'no count': `*\r\n${command('PING')}`,
  'a count with a plus': '*+1\r\n$4\r\nPING\r\n',
  'a count with a space': '* 1\r\n$4\r\nPING\r\n',
  'a count with a leading zero': '*01\r\n$4\r\nPING\r\n',
  'a count of minus zero': '*-0\r\n$4\r\nPING\r\n',
  'the largest count': '*2147483647\r\n',
  'a count past the largest': '*2147483648\r\n',
  'a count past 64 bits': '*9223372036854775808\r\n',
  'a count ended by LF alone': '*1\n$4\r\nPING\r\n',
  'a zero byte in a count': '*1\0\r\n$4\r\nPING\r\n',
  'no dollar': '*1\r\nPING\r\n',
  'a colon for a dollar': '*1\r\n:4\r\nPING\r\n',
  'a byte above ASCII for a dollar': '*1\r\n\xff4\r\nPING\r\n',
  'an empty line for a dollar': '*1\r\n\r\nPING\r\n',
  'a negative length': '*1\r\n$-1\r\n',
  'no length': '*1\r\n$\r\n',
  'a length that is no number': '*1\r\n$4x\r\nPING\r\n',
  'a length with a leading zero': '*1\r\n$04\r\nPING\r\n',
  'a length past the limit': '*1\r\n$536870913\r\n',
  'a length past 64 bits': '*1\r\n$9223372036854775808\r\n',
  'a length ended by LF alone': '*1\r\n$4\nPING\r\n',
  'an argument longer than its length': '*1\r\n$4\r\nPINGPING\r\n',
  'an argument not ended by CRLF': '*2\r\n$4\r\nECHO\r\n$1\r\nabc*1\r\n$4\r\nPING\r\n',
  'an empty command name': command(''),
  'an unknown command': command('nosuch', 'a', 'b'),
  'an unknown command with line ends': command('no\r\nsuch', 'a\r\nb'),
  'an unknown command with many arguments': command('nosuch', ...Array.from({ length: 40 }, (_, i) => `argument${i}`)),
  'an unknown command with long words': command('x'.repeat(300), 'y'.repeat(300), 'z'),
  'commands behind QUIT': command('PING') + command('QUIT') + command('PING'),
  'HTTP GET': 'GET / HTTP/1.1\r\nUser-Agent: x\r\n\r\n',
  'HTTP POST': 'POST / HTTP/1.1\r\n\r\nPING\r\n',
  'an HTTP host header': 'Host: localhost\r\nPING\r\n',
  'an inline command that is too long': 'x'.repeat(LINE_BYTES + 1),
  'an inline command that just fits': 'x'.repeat(LINE_BYTES),
  'a count that is too long': `*${'1'.repeat(LINE_BYTES)}`,
  'a length that is too long': `*1\r\n$${'1'.repeat(LINE_BYTES)}`,
  'an unfinished command': '*2\r\n$4\r\nECHO\r\n$3\r\nab',
}

const UNAUTHENTICATED: Record<string, string> = {
  'a command': command('GET', 'k'),
  'an unknown command': command('nosuch'),
  'a wrong number of arguments': command('GET'),
  'many arguments': `*11\r\n${'$1\r\nx\r\n'.repeat(11)}`,
  'as many arguments as may be': `*10\r\n${'$1\r\nx\r\n'.repeat(10)}`,
  'a long argument': '*2\r\n$4\r\nAUTH\r\n$16385\r\n',
  'an argument as long as may be': command('AUTH', 'x'.repeat(16384)),
  'a count that is no number': '*x\r\n',
  'limits that fall with AUTH': command('AUTH', 'secret') + command('ECHO', 'x'.repeat(20000)) + command('PING'),
  'HELLO without AUTH': command('HELLO'),
  'QUIT and RESET': command('RESET') + command('QUIT'),
  MULTI: command('MULTI') + command('EXEC'),
}

let spinel: Server
let oracle: Server

async function answer(server: Server, bytes: string): Promise<string> {
  const client = await server.connect()
  client.send(bytes)
  client.halfClose()
  const reply = latin1(await client.readToEnd())
  client.close()
  return reply
}

/* Texts that 7.2 changed. */
const asNew = (reply: string) => reply.replace('otherwise the HELLO AUTH', 'otherwise the HELLO <proto> AUTH')

describe.each([
  ['without a password', {}, STREAMS],
  ['with a password', { requirepass: 'secret' }, UNAUTHENTICATED],
] as const)('%s', (_name, directives, streams: Record<string, string>) => {
  beforeAll(async () => {
    ;[spinel, oracle] = await Promise.all([startSpinel({ directives }), startOracle({ directives })])
  })

  afterAll(async () => {
    await Promise.all([spinel.stop(), oracle.stop()])
  })

  test.each(Object.keys(streams))('%s', async (name) => {
    expect(await answer(spinel, streams[name])).toBe(asNew(await answer(oracle, streams[name])))
  })

  test('the server lives on', async () => {
    const client = await spinel.connect()
    expect(latin1(await client.command('AUTH', 'secret'))).toMatch(/^[+-]/)
    await client.expectOpen()
    client.close()
  })
})
