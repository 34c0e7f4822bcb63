import { expect, test } from 'vitest'
import { type CommandLine, parseCommandLine } from './command-line.ts'

function sources(words: string[]) {
  const commandLine = parseCommandLine(words, '/srv')
  if ('answer' in commandLine) throw new Error(commandLine.answer.errorText)
  return commandLine.sources
}

test.each<[string[], string]>([
  [[], ''],
  [['--port', '7000'], 'port "7000" '],
  [['--port', '7000', '--hz', '5'], 'port "7000" \nhz "5" '],
  [['--port 7000', "--maxmemory '700mb'"], "port 7000 \nmaxmemory '700mb' "],
  [['--port'], 'port '],
  [['--port', '--bla', '--hz', '5'], 'port "--bla" \nhz "5" '],
  [['--bind', '--a', '--b', 'c'], 'bind "--a" \nb "c" '],
  [['--save', '900', '1', '300', '10'], 'save "900" "1" "300" "10" '],
  [['--save', '--hz', '5'], 'save ""\nhz "5" '],
  [['--save', '', '--hz', '5'], 'save "" \nhz "5" '],
  [['--hz', '5', '--SAVE'], 'hz "5" \nSAVE ""'],
  [['--proc-title-template', '--save', '--save', ''], 'proc-title-template "--save" \nsave "" '],
  [['--requirepass', 'a"b\\ é'], 'requirepass "a\\"b\\\\ \\xc3\\xa9" '],
  [['-port', '1'], '"-port" "1" '],
])('%j reads %j', (words, lines) => {
  expect(sources(words)).toEqual({ file: null, standardInput: false, lines })
})

test('a first word without a dash is a file', () => {
  expect(sources(['conf/redis.conf', 'loglevel', 'verbose', '--hz', '5'])).toEqual({
    file: '/srv/conf/redis.conf',
    standardInput: false,
    lines: '"loglevel" "verbose" \nhz "5" ',
  })
  expect(sources(['../redis.conf ']).file).toBe('/redis.conf')
  expect(sources(['/etc/redis.conf']).file).toBe('/etc/redis.conf')
})

test('a dash, first or last, reads standard input', () => {
  expect(sources(['-'])).toEqual({ file: null, standardInput: true, lines: '' })
  expect(sources(['-', '--hz', '5'])).toEqual({ file: null, standardInput: true, lines: 'hz "5" ' })
  expect(sources(['a.conf', '--hz', '5', '-'])).toEqual({ file: '/srv/a.conf', standardInput: true, lines: 'hz "5" ' })
  expect(sources(['a.conf', '-'])).toMatchObject({ standardInput: true, lines: '' })
  expect(sources(['a.conf', '-', '--hz', '5'])).toMatchObject({ standardInput: false, lines: '"-" \nhz "5" ' })
})

function answer(...words: string[]) {
  const commandLine: CommandLine = parseCommandLine(words, '/srv')
  if (!('answer' in commandLine)) throw new Error('no answer')
  return commandLine.answer
}

test('questions are answered', () => {
  for (const word of ['-v', '--version']) {
    expect(answer(word).output).toMatch(/^Redis server v=7\.2\.4 sha=00000000:0 malloc=libc bits=64 build=spinel-\S+ /)
    expect(answer(word).exitCode).toBe(0)
  }
  for (const word of ['-h', '--help']) {
    expect(answer(word)).toMatchObject({ exitCode: 1, output: '' })
    expect(answer(word).errorText).toContain('Usage: spinel-server [file] [--directive value...]... [-]')
  }
  expect(answer('--check-system')).toMatchObject({ exitCode: 0, errorText: '' })
  expect(answer('--test-memory', '1024')).toMatchObject({ exitCode: 1, output: '' })
  expect(answer('s.conf', '--sentinel')).toMatchObject({
    exitCode: 1,
    errorText: 'spinel-server has no Sentinel mode.\n',
  })
})
