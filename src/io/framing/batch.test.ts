import { expect, test } from 'vitest'
import { bytesOf } from '../../base/bytes.ts'
import { Batch } from './batch.ts'
import { COMPLETE, Frame, Limits } from './frame.ts'

test('a batch takes commands out of a frame, with their places', () => {
  const text = '*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$1\r\nx\r\nPING\r\n'
  const bytes = bytesOf(text)
  const batch = new Batch()
  const frame = new Frame()
  while (frame.next(bytes, bytes.length, new Limits(), true) === COMPLETE) {
    batch.take(frame)
    frame.begin(frame.at)
  }
  expect(batch.count).toBe(3)
  const words = batch.args.slice(0, 3).map((args) => Array.from({ length: args.count }, (_, i) => args.text(i)))
  expect(words).toEqual([['PING'], ['ECHO', 'x'], ['PING']])
  expect([...batch.starts.subarray(0, 3)]).toEqual([0, 14, 35])
  expect([...batch.ends.subarray(0, 3)]).toEqual([14, 35, text.length])
  batch.forget()
  for (const args of batch.args) expect(args.bytes.length).toBe(0)
})
