import { describe, expect, test } from 'vitest'
import { TestFamily } from '../../observability/testing.ts'
import { type DebugContext, debugFamily } from './debug.ts'

function setUp() {
  const events: string[] = []
  const note = (event: string) => () => void events.push(event)
  const context: DebugContext = {
    setActiveExpire: (enabled) => events.push(`expire ${enabled}`),
    setPackedThreshold: (bytes) => events.push(`threshold ${bytes}`),
    setSkipChecksums: (skipped) => events.push(`skip ${skipped}`),
    pauseCron: (paused) => events.push(`pause ${paused}`),
    changeReplicationId: note('change'),
    log: (text) => events.push(text),
    rewriteConfiguration: () => 'ERR Rewriting config file: Permission denied',
    crash: (error) => {
      throw error
    },
    crashBySignal: (signal) => {
      throw new Error(signal)
    },
    restart: (gracefully, delayMs) => events.push(`restart ${gracefully} ${delayMs}`),
    reload: ({ saves, flushes, merges }) => {
      events.push(`reload ${saves} ${flushes} ${merges}`)
      return merges ? 'ERR' : null
    },
    holding: (_session, reply, action) => action(reply),
  }
  const commands = new TestFamily([debugFamily(() => context)])
  return { events, commands, debug: (...words: string[]) => commands.run('DEBUG', ...words) }
}

const unknown = (word: string) => ({
  text: `ERR unknown subcommand or wrong number of arguments for '${word}'. Try DEBUG HELP.`,
})

describe('DEBUG', () => {
  test('reaches the server', () => {
    const { debug, events } = setUp()
    for (const words of [
      ['SET-ACTIVE-EXPIRE', '0'],
      ['SET-ACTIVE-EXPIRE', '1x'],
      ['SET-SKIP-CHECKSUM-VALIDATION', '1'],
      ['PAUSE-CRON', '1'],
      ['QUICKLIST-PACKED-THRESHOLD', '100b'],
      ['QUICKLIST-PACKED-THRESHOLD', '0'],
      ['CHANGE-REPL-ID'],
      ['LOG', 'hi'],
    ]) {
      expect(debug(...words)).toBe('OK')
    }
    expect(events).toEqual([
      'expire false',
      'expire true',
      'skip true',
      'pause true',
      'threshold 100',
      'threshold 1073741824',
      'change',
      'DEBUG LOG: hi',
    ])
  })

  test('refuses a packed threshold that is no size, or too large', () => {
    const { debug } = setUp()
    const text = 'ERR argument must be a memory value bigger than 1 and smaller than 4gb'
    for (const size of ['x', '4gb', '-1', '1tb']) expect(debug('QUICKLIST-PACKED-THRESHOLD', size)).toEqual({ text })
  })

  test('SLEEP takes decimals, and what is no time for none', () => {
    const { debug } = setUp()
    const before = performance.now()
    expect(debug('SLEEP', '0.05')).toBe('OK')
    expect(performance.now() - before).toBeGreaterThanOrEqual(49)
    for (const word of ['0', '-1', 'x', '']) expect(debug('SLEEP', word)).toBe('OK')
  })

  test('answers with an error, or any type', () => {
    const { debug, commands } = setUp()
    expect(debug('ERROR', 'MINE is mine')).toEqual({ text: 'MINE is mine' })
    expect(debug('PROTOCOL', 'map')).toEqual([0, 0, 1, 1, 2, 0])
    expect(debug('PROTOCOL', 'push')).toEqual({ text: 'ERR RESP2 is not supported by this command' })
    expect(debug('PROTOCOL', 'attrib')).toBe('Some real reply following the attribute')
    expect(debug('PROTOCOL', 'x')).toEqual({ text: expect.stringContaining('ERR Wrong protocol type name') })
    commands.reply.resp3 = true
    expect(debug('PROTOCOL', 'Map')).toEqual(
      new Map([
        [0, false],
        [1, true],
        [2, false],
      ]),
    )
    expect(debug('PROTOCOL', 'set')).toEqual(new Set([0, 1, 2]))
    expect(debug('PROTOCOL', 'true')).toBe(true)
    expect(debug('PROTOCOL', 'null')).toBeNull()
  })

  test.each(['string', 'integer', 'double', 'array', 'verbatim', 'false', 'bignum'])('PROTOCOL %s in RESP2', (type) => {
    expect(setUp().debug('PROTOCOL', type)).not.toHaveProperty('text')
  })

  test('RELOAD saves, empties and loads, as far as it is asked to', () => {
    const { debug, events } = setUp()
    expect([debug('RELOAD'), debug('RELOAD', 'nosave', 'NOFLUSH'), debug('RELOAD', 'merge')]).toEqual([
      'OK',
      'OK',
      { text: 'ERR' },
    ])
    expect(events).toEqual(['reload true true false', 'reload false false false', 'reload true true true'])
  })

  test('says what is not there, and refuses what is not understood', () => {
    const { debug } = setUp()
    const missing = { text: 'ERR The append only file is not supported by this version' }
    expect(debug('RELOAD', 'x')).toEqual({ text: expect.stringContaining('only supports the MERGE') })
    expect(debug('LOADAOF')).toEqual(missing)
    expect(debug('CONFIG-REWRITE-FORCE-ALL')).toEqual({
      text: 'ERR CONFIG-REWRITE-FORCE-ALL failed: Permission denied',
    })
    expect(debug('REPLYBUFFER', 'RESIZING', '0')).toBe('OK')
    expect(debug('REPLYBUFFER', 'PEAK-RESET-TIME', 'never')).toBe('OK')
    expect(debug('REPLYBUFFER', 'PEAK-RESET-TIME', 'x')).toHaveProperty('text')
    expect(debug('REPLYBUFFER', 'x', 'y')).toEqual(unknown('REPLYBUFFER'))
    expect((debug('HELP') as string[])[0]).toContain('DEBUG')
  })

  test('ends the server as it is asked to', () => {
    const { debug, events } = setUp()
    expect(() => debug('SEGFAULT')).toThrow('SIGSEGV')
    expect(() => debug('PANIC')).toThrow('Guru Meditation')
    expect(() => debug('ASSERT')).toThrow('ASSERTION FAILED')
    expect(() => debug('OOM')).toThrow('Out Of Memory')
    expect(debug('RESTART', 'x')).toHaveProperty('text')
    expect(debug('CRASH-AND-RECOVER')).toEqual({ text: 'ERR failed to restart the server. Check server logs.' })
    expect(debug('RESTART', '50')).toHaveProperty('text')
    expect(events).toEqual(['restart false 0', 'restart true 50'])
  })
})
