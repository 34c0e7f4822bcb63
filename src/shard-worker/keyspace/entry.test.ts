import { expect, test } from 'vitest'
import { bytesOf } from '../../base/bytes.ts'
import {
  accessOf,
  bigExpireOf,
  checkEntry,
  ENCODING_LISTPACK,
  ENTRY_HEADER_BYTES,
  encodingOf,
  entryBytes,
  expireOf,
  flagsOf,
  HAS_EXPIRE,
  headerBytes,
  keyFlags,
  keyLength,
  keyOffset,
  LONG_KEY,
  setAccess,
  setKind,
  stringLength,
  stringOffset,
  TYPE_HASH,
  TYPE_STRING,
  typeOf,
  usedBytesOf,
  writeExpire,
  writeHeader,
} from './entry.ts'
import { poisonedArena } from './testing.ts'

test('each layout reads back as written, and its parts follow each other', () => {
  const arena = poisonedArena(1024 * 1024)
  for (const keyBytes of [0, 1, 65534, 65535, 100_000]) {
    for (const volatile of [0, HAS_EXPIRE]) {
      const flags = volatile | keyFlags(keyBytes)
      const value = bytesOf('value')
      const entry = arena.allocate(entryBytes(flags, keyBytes, value.length))
      writeHeader(arena, entry, TYPE_STRING, flags, keyBytes, 0xffabcdef, value.length)
      if (volatile) writeExpire(arena, entry, 0xfffffffe, 0x7fffffff)
      arena.u8.fill(7, keyOffset(arena, entry), keyOffset(arena, entry) + keyBytes)
      arena.u8.set(value, stringOffset(arena, entry))
      checkEntry(arena, entry)
      expect(flagsOf(arena, entry)).toBe(flags)
      expect(keyLength(arena, entry)).toBe(keyBytes)
      expect(keyOffset(arena, entry)).toBe(
        entry + ENTRY_HEADER_BYTES + (volatile ? 8 : 0) + (keyBytes >= 65535 ? 4 : 0),
      )
      expect(stringOffset(arena, entry)).toBe(keyOffset(arena, entry) + keyBytes)
      expect(stringLength(arena, entry)).toBe(5)
      expect(usedBytesOf(arena, entry)).toBe(headerBytes(flags) + keyBytes + 5)
      expect(accessOf(arena, entry)).toBe(0xabcdef)
      if (volatile) expect(bigExpireOf(arena, entry)).toBe(0x7ffffffffffffffen)
    }
  }
})

test('type, encoding and access change on their own', () => {
  const arena = poisonedArena(256 * 1024)
  const entry = arena.allocate(64)
  writeHeader(arena, entry, TYPE_STRING, HAS_EXPIRE, 3, 5, 0)
  writeExpire(arena, entry, 1, 2)
  setKind(arena, entry, TYPE_HASH, ENCODING_LISTPACK)
  setAccess(arena, entry, 0x1000007)
  expect([typeOf(arena, entry), encodingOf(arena, entry), accessOf(arena, entry)]).toEqual([
    TYPE_HASH,
    ENCODING_LISTPACK,
    7,
  ])
  expect([flagsOf(arena, entry), keyLength(arena, entry)]).toEqual([HAS_EXPIRE, 3])
})

test('an expiry before 1970 is negative', () => {
  const arena = poisonedArena(256 * 1024)
  const entry = arena.allocate(64)
  writeHeader(arena, entry, TYPE_STRING, HAS_EXPIRE, 3, 5, 0)
  writeExpire(arena, entry, -1, -1)
  expect(bigExpireOf(arena, entry)).toBe(-1n)
  expect(expireOf(arena, entry)).toBe(-1)
})

test('only keys of 65535 bytes and more are long', () => {
  expect(keyFlags(65534)).toBe(0)
  expect(keyFlags(65535)).toBe(LONG_KEY)
})
