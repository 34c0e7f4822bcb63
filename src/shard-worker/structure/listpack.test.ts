import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Random } from '../../../test/support/random.ts'
import type { RawClient } from '../../../test/support/raw-client.ts'
import { encodeCommand } from '../../../test/support/resp.ts'
import { type Server, startOracle } from '../../../test/support/server.ts'
import { bytesOf, textOf } from '../../base/bytes.ts'
import * as listpack from './listpack.ts'

const AT = 24
const CAPACITY = 1 << 20

const TEXTS = [
  ...['', '0', '127', '128', '-1', '4095', '4096', '-4096', '-4097', '32767', '32768', '-32768', '-32769', '8388607'],
  ...['8388608', '-8388608', '-8388609', '2147483647', '2147483648', '-2147483648', '-2147483649'],
  ...['9007199254740991', '-9007199254740991', '9007199254740992', '-9007199254740993', '9223372036854775807'],
  ...['-9223372036854775808', '9223372036854775808', '-0', '01', '+1', '1.0', ' 1', 'a', '\0\xff', '\xff'],
  ...[62, 63, 64, 125, 126, 127, 128, 4094, 4095, 4096, 16380, 16381, 16382, 16383].map((n) => 'x'.repeat(n)),
]

function empty(): Uint8Array {
  const u8 = new Uint8Array(CAPACITY)
  listpack.initializeListpack(u8, AT)
  return u8
}

function append(u8: Uint8Array, text: string): void {
  listpack.insert(u8, AT, listpack.end(u8, AT), bytesOf(text), 0, text.length)
}

function textAt(u8: Uint8Array, p: number): string {
  listpack.read(u8, p)
  const { bytes, offset, length } = listpack.element
  return textOf(bytes, offset, length)
}

function forwards(u8: Uint8Array): string[] {
  const texts: string[] = []
  for (let p = listpack.first(AT); !listpack.isEnd(u8, p); p = listpack.next(u8, p)) texts.push(textAt(u8, p))
  return texts
}

function backwards(u8: Uint8Array): string[] {
  const texts: string[] = []
  let p = listpack.previous(u8, AT, listpack.end(u8, AT))
  for (; p !== 0; p = listpack.previous(u8, AT, p)) texts.push(textAt(u8, p))
  return texts
}

describe('elements', () => {
  test('keep their text in every encoding and at its edges', () => {
    for (const text of TEXTS) {
      const u8 = empty()
      const before = listpack.listpackBytes(u8, AT)
      append(u8, text)
      listpack.checkListpack(u8, AT, CAPACITY - AT)
      expect(forwards(u8)).toEqual([text])
      expect(listpack.listpackBytes(u8, AT) - before).toBe(listpack.insertedBytes(bytesOf(text), 0, text.length))
      expect(listpack.elementBytes(u8, listpack.first(AT))).toBe(listpack.listpackBytes(u8, AT) - before)
    }
  })

  test('take the bytes that the format says', () => {
    const sizes = ['5', '-5', '200', '5000', '40000', '-9000000', '3000000000', 'abc'].map((text) =>
      listpack.insertedBytes(bytesOf(text), 0, text.length),
    )
    expect(sizes).toEqual([2, 3, 3, 4, 5, 6, 10, 5])
  })

  test('are counted by a walk once there are too many for the header', () => {
    const u8 = empty()
    for (let i = 0; i < 65540; i++) append(u8, '1')
    expect(listpack.listpackCount(u8, AT)).toBe(65540)
    for (let i = 0; i < 10; i++) listpack.remove(u8, AT, listpack.first(AT))
    expect(listpack.listpackCount(u8, AT)).toBe(65530)
    listpack.checkListpack(u8, AT, CAPACITY - AT)
  })
})

test.each([1, 2, 3, 4])('behaves as an array of texts, seed %i', (seed) => {
  const random = new Random(seed)
  const model: string[] = []
  const u8 = empty()
  for (let step = 0; step < 400; step++) {
    const text = random.pick(TEXTS)
    const bytes = bytesOf(`<${text}>`)
    const index = random.below(model.length + 1)
    const p = index === model.length ? listpack.end(u8, AT) : listpack.seek(u8, AT, index)
    const draw = model.length > 30 ? 6 : random.below(8)
    if (draw < 4 || model.length === index) {
      listpack.insert(u8, AT, p, bytes, 1, text.length)
      model.splice(index, 0, text)
    } else if (draw < 6) {
      listpack.replace(u8, AT, p, bytes, 1, text.length)
      model[index] = text
    } else {
      const count = random.between(1, model.length - index)
      let to = p
      for (let i = 0; i < count; i++) to = listpack.next(u8, to)
      listpack.removeRange(u8, AT, p, to, count)
      model.splice(index, count)
    }
    listpack.checkListpack(u8, AT, CAPACITY - AT)
    expect(forwards(u8)).toEqual(model)
    expect(backwards(u8)).toEqual(model.toReversed())
    expect(listpack.listpackCount(u8, AT)).toBe(model.length)
    const wanted = random.pick(TEXTS)
    const found = listpack.find(u8, listpack.first(AT), bytesOf(wanted), 0, wanted.length, 1)
    const expected = model.findIndex((each, i) => i % 2 === 0 && each === wanted)
    expect(found).toBe(expected < 0 ? 0 : listpack.seek(u8, AT, expected))
    expect(listpack.seek(u8, AT, -1 - model.length)).toBe(0)
  }
})

test('check names what is broken', () => {
  const u8 = empty()
  append(u8, 'one')
  u8[listpack.first(AT)] ^= 1
  expect(() => listpack.checkListpack(u8, AT, CAPACITY)).toThrow('I2')
  u8[listpack.first(AT)] ^= 1
  u8[AT + 4]++
  expect(() => listpack.checkListpack(u8, AT, CAPACITY)).toThrow('I3')
  u8[AT + 4]--
  u8[AT]++
  expect(() => listpack.checkListpack(u8, AT, CAPACITY)).toThrow('I1')
})

describe('against redis-server', () => {
  let oracle: Server
  let client: RawClient

  beforeAll(async () => {
    const directives = { rdbcompression: 'no', 'hash-max-listpack-value': 20000 }
    oracle = await startOracle({ directives })
    client = await oracle.connect()
  })

  afterAll(async () => {
    client.close()
    await oracle.stop()
  })

  /** The listpack within a DUMP payload of a small hash: type, length, listpack, version and checksum. */
  async function dumped(pairs: readonly string[]): Promise<Uint8Array> {
    client.send(
      Buffer.concat(
        [
          ['DEL', 'h'],
          ['HSET', 'h', ...pairs],
          ['DUMP', 'h'],
        ].map(encodeCommand),
      ),
    )
    await client.read()
    await client.read()
    const reply = await client.read()
    const payload = reply.subarray(reply.indexOf('\r\n') + 2, -2)
    const HASH_LISTPACK = 16
    expect(payload[0]).toBe(HASH_LISTPACK)
    const lengthBytes = payload[1] < 64 ? 1 : payload[1] < 128 ? 2 : 5
    return new Uint8Array(payload.subarray(1 + lengthBytes, -10))
  }

  test('a listpack has the bytes that Redis gives it', async () => {
    const pairs: string[] = []
    for (const [i, text] of TEXTS.entries()) pairs.push(`field:${i}`, text)
    for (const text of TEXTS.slice(0, 27)) pairs.push(text, 'value')
    const u8 = empty()
    for (const text of pairs) append(u8, text)
    const expected = await dumped(pairs)
    expect(Buffer.from(u8.subarray(AT, AT + listpack.listpackBytes(u8, AT))).equals(expected)).toBe(true)
  })
})

test('a short text is found in whichever form it was written', () => {
  const u8 = empty()
  for (const text of ['12', 'ab', 'x'.repeat(70)]) append(u8, text)
  // 'cd' as a string of the forms for up to 4095 bytes and for any number of them.
  const forms = [
    [0xe0, 2, 99, 100, 4],
    [0xf0, 2, 0, 0, 0, 99, 100, 7],
  ]
  for (const form of forms) {
    const end = listpack.end(u8, AT)
    const after = listpack.insertEncoded(u8, AT, end, Uint8Array.from(form), 0, form.length, 1)
    expect(listpack.find(u8, listpack.first(AT), bytesOf('cd'), 0, 2, 0)).toBe(end)
    expect(listpack.find(u8, listpack.first(AT), bytesOf('ce'), 0, 2, 0)).toBe(0)
    listpack.removeRange(u8, AT, end, after, 1)
  }
})
