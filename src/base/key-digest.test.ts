import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOf } from './bytes.ts'
import { crc16, keySlot } from './crc16.ts'
import { DIGEST_HASH, DIGEST_SLOT, digest, digestKey } from './key-digest.ts'
import { keyHash } from './key-hash.ts'

const key = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.stringMatching(/^[a-c{}]{0,12}$/).map((text) => bytesOf(text)),
)

test('a digest is the hash and the slot of the key', () => {
  fc.assert(
    fc.property(key, fc.nat(7), fc.integer(), (bytes, before, seed) => {
      const buffer = new Uint8Array(bytes.length + before + 3).fill(0x7b)
      buffer.set(bytes, before)
      digestKey(buffer, before, bytes.length, seed)
      expect(digest[DIGEST_HASH]).toBe(keyHash(bytes, 0, bytes.length, seed))
      expect(digest[DIGEST_SLOT]).toBe(keySlot(bytes, 0, bytes.length))
    }),
  )
})

test('CRC16 is the one of the cluster specification', () => {
  expect(crc16(bytesOf('123456789'), 0, 9)).toBe(0x31c3)
})

test('four bytes at a time give what one at a time gives', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 33 }), (bytes) => {
      let crc = 0
      for (const byte of bytes) {
        crc ^= byte << 8
        for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff
      }
      expect(crc16(bytes, 0, bytes.length)).toBe(crc)
    }),
  )
})

test('the slot of a key is that of its hash tag', () => {
  const slot = (text: string) => keySlot(bytesOf(text), 0, text.length)
  expect(slot('{user1000}.following')).toBe(slot('user1000'))
  expect(slot('foo{{bar}}zap')).toBe(slot('{bar'))
  expect(slot('foo{bar}{zap}')).toBe(slot('bar'))
  expect(slot('foo{}{bar}')).not.toBe(slot('bar'))
  expect(slot('foo')).toBe(12182)
})
