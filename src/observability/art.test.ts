import { expect, test } from 'vitest'
import { SeededRandom } from '../base/ports.ts'
import { spinelArt } from './art.ts'
import { ReplicationId } from './replication-id.ts'

test('the crystals fit on a page, with the versions below', () => {
  for (let seed = 0; seed < 200; seed++) {
    const lines = spinelArt(new SeededRandom(seed)).split('\n')
    expect(lines.every((line) => line.length <= 80)).toBe(true)
    expect(lines.some((line) => line.includes('/'))).toBe(true)
    expect(lines.at(-2)).toMatch(/^Redis ver\. 7\.2\.\d+, Spinel ver\. \d+\.\d+\.\d+$/)
  }
})

test('equal seeds draw the same', () => {
  expect(spinelArt(new SeededRandom(7))).toBe(spinelArt(new SeededRandom(7)))
  expect(spinelArt(new SeededRandom(7))).not.toBe(spinelArt(new SeededRandom(8)))
})

test('a new history has a new id and continues none', () => {
  const replication = new ReplicationId()
  const { id } = replication
  replication.id2 = id
  replication.secondOffset = 5
  replication.change()
  expect(replication.id).toMatch(/^[0-9a-f]{40}$/)
  expect(replication.id).not.toBe(id)
  expect([replication.id2, replication.secondOffset]).toEqual(['0'.repeat(40), -1])
})
