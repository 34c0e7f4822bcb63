import { expect, test } from 'vitest'
import { bytesOf } from '../../base/bytes.ts'
import { Reply } from '../../base/reply.ts'
import * as listpack from './listpack.ts'
import { replyElements } from './listpack-reply.ts'

test('elements of every encoding are replied with as they are read', () => {
  const texts = [
    '',
    'a',
    'x'.repeat(63),
    'y'.repeat(64),
    'z'.repeat(5000),
    '0',
    '127',
    '-1',
    '70000',
    '9223372036854775807',
  ]
  const u8 = new Uint8Array(8192)
  listpack.initializeListpack(u8, 0)
  for (const text of texts) listpack.insert(u8, 0, listpack.end(u8, 0), bytesOf(text), 0, text.length)
  const view = new DataView(u8.buffer)
  for (let most = 0; most <= texts.length + 1; most++) {
    const reply = new Reply()
    expect(replyElements(u8, view, listpack.first(0), most, reply)).toBe(Math.max(0, most - texts.length))
    const expected = texts.slice(0, most).map((text) => `$${text.length}\r\n${text}\r\n`)
    expect(Buffer.from(reply.bytes.buffer, 0, reply.length).toString('latin1')).toBe(expected.join(''))
  }
})
