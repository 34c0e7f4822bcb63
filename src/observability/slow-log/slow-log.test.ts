import { describe, expect, test } from 'vitest'
import { bytesOf, textOf } from '../../base/bytes.ts'
import { SKIP_SLOWLOG } from '../../base/command-spec.ts'
import type { Command } from '../../base/command-table.ts'
import type { Values } from '../../server/configuration/directives/table.ts'
import { TestFamily } from '../testing.ts'
import { slowLogFamily } from './family.ts'
import { SlowLog } from './slow-log.ts'

function setUp(directives: Partial<Record<keyof Values, unknown>> = {}) {
  const values = { 'slowlog-log-slower-than': 1000, 'slowlog-max-len': 3, ...directives } as Values
  const log = new SlowLog({ values, isSensitive: (name) => name.toLowerCase() === 'requirepass' })
  const commands = new TestFamily([slowLogFamily(() => log)])
  const record = (durationUs: number, words: string, fullName = words.split(' ')[0].toLowerCase(), flags = 0) =>
    log.record({
      command: { fullName, flags } as Command<never>,
      timeMs: 5_999,
      durationUs,
      args: words.split(' ').map(bytesOf),
      client: '127.0.0.1:5',
      clientName: 'me',
    })
  const shown = () => log.newest(100).map(({ args }) => args.map((each) => textOf(each)).join(' '))
  return { log, commands, record, shown, values: values as { -readonly [Name in keyof Values]: unknown } }
}

describe('the slow log', () => {
  test('takes commands at the threshold and above, newest first, as many as it may hold', () => {
    const { record, shown } = setUp()
    record(999.9, 'GET fast')
    for (const name of ['a', 'b', 'c', 'd']) record(1000, `GET ${name}`)
    expect(shown()).toEqual(['GET d', 'GET c', 'GET b'])
  })

  test('takes none below a threshold of -1, with no room, or that ask to be left out', () => {
    const { record, shown, values } = setUp()
    record(1e6, 'EXEC', 'exec', SKIP_SLOWLOG)
    values['slowlog-log-slower-than'] = -1
    record(1e6, 'GET a')
    values['slowlog-log-slower-than'] = 0
    values['slowlog-max-len'] = 0
    record(1e6, 'GET b')
    expect(shown()).toEqual([])
    values['slowlog-max-len'] = 1
    record(0, 'GET c')
    expect(shown()).toEqual(['GET c'])
  })

  test.each([
    ['AUTH secret', 'auth', 'AUTH (redacted)'],
    ['AUTH me secret', 'auth', 'AUTH (redacted) (redacted)'],
    ['hello 3 auth me secret setname x', 'hello', 'hello 3 auth (redacted) (redacted) setname x'],
    ['HELLO 3', 'hello', 'HELLO 3'],
    ['CONFIG SET hz 5 RequirePass x', 'config|set', 'CONFIG SET hz 5 RequirePass (redacted)'],
    ['CONFIG SET requirepass', 'config|set', 'CONFIG SET requirepass'],
    ['CONFIG GET requirepass', 'config|get', 'CONFIG GET requirepass'],
  ])('shows no secret of %s', (words, fullName, logged) => {
    const { record, shown } = setUp()
    record(5000, words, fullName)
    expect(shown()).toEqual([logged])
  })
})

describe('SLOWLOG', () => {
  test('GET tells number, time, duration, arguments and client', () => {
    const { record, commands } = setUp()
    record(1234.9, 'SET k v')
    expect(commands.run('SLOWLOG', 'GET')).toEqual([[0, 5, 1234, ['SET', 'k', 'v'], '127.0.0.1:5', 'me']])
  })

  test('GET takes a count', () => {
    const { record, commands, values } = setUp()
    values['slowlog-max-len'] = 100
    for (let i = 0; i < 12; i++) record(5000, `GET ${i}`)
    const count = (...words: string[]) => (commands.run('SLOWLOG', 'GET', ...words) as unknown[]).length
    expect([count(), count('2'), count('0'), count('-1'), count('500')]).toEqual([10, 2, 0, 12, 12])
    expect(count('9223372036854775807')).toBe(12)
    const refused = { text: 'ERR count should be greater than or equal to -1' }
    for (const word of ['-2', 'x', '', '-9223372036854775808', '9223372036854775808']) {
      expect(commands.run('SLOWLOG', 'GET', word), word).toEqual(refused)
    }
    expect(commands.run('SLOWLOG', 'GET', '1', '2')).toEqual({
      text: "ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.",
    })
  })

  test('LEN counts, RESET forgets, but numbers go on', () => {
    const { record, commands } = setUp()
    record(5000, 'GET a')
    expect(commands.run('SLOWLOG', 'LEN')).toBe(1)
    expect(commands.run('SLOWLOG', 'RESET')).toBe('OK')
    expect(commands.run('SLOWLOG', 'LEN')).toBe(0)
    record(5000, 'GET b')
    expect((commands.run('SLOWLOG', 'GET') as unknown[][])[0][0]).toBe(1)
    expect((commands.run('SLOWLOG', 'HELP') as string[]).length).toBe(12)
  })
})
