import { expect, test } from 'vitest'
import { bytesOf } from '../../base/bytes.ts'
import {
  accessOf,
  bigExpireOf,
  blockOf,
  checkEntry,
  cutExpire,
  ENCODING_LISTPACK,
  ENTRY_HEADER_BYTES,
  EXPIRE_BYTES,
  embeddedLength,
  encodingOf,
  entryBytes,
  expireOf,
  flagsOf,
  HAS_EXPIRE,
  headerBytes,
  insertExpire,
  keyFlags,
  keyLength,
  keyOffset,
  LONG_KEY,
  OUT_OF_LINE,
  SAVED,
  setAccess,
  setBlock,
  setEmbeddedLength,
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

test('length, flags and access share words and leave each other alone', () => {
  const arena = poisonedArena(256 * 1024)
  const entry = arena.allocate(1024)
  for (const length of [0, 1, 255, 256, 511, 1000]) {
    writeHeader(arena, entry, TYPE_STRING, SAVED, 3, 0xabcdef, length)
    expect(stringLength(arena, entry)).toBe(length)
    setAccess(arena, entry, 0xffffff)
    insertExpire(arena, entry, 1, 2)
    expect([embeddedLength(arena, entry), accessOf(arena, entry)]).toEqual([length, 0xffffff])
    setEmbeddedLength(arena, entry, 1000 - length)
    cutExpire(arena, entry)
    expect([embeddedLength(arena, entry), accessOf(arena, entry)]).toEqual([1000 - length, 0xffffff])
    expect([flagsOf(arena, entry), keyLength(arena, entry)]).toEqual([SAVED, 3])
    checkEntry(arena, entry)
  }
})

test('the block of a value stands between expiry and key', () => {
  const arena = poisonedArena(1024 * 1024)
  for (const keyBytes of [3, 70_000]) {
    const flags = OUT_OF_LINE | keyFlags(keyBytes)
    const entry = arena.allocate(entryBytes(flags, keyBytes, 0) + EXPIRE_BYTES)
    const block = arena.allocate(100)
    arena.u32[block >> 2] = 5
    writeHeader(arena, entry, TYPE_STRING, flags, keyBytes, 0, block)
    insertExpire(arena, entry, 1, 2)
    expect([blockOf(arena, entry), keyLength(arena, entry), stringLength(arena, entry)]).toEqual([block, keyBytes, 5])
    setBlock(arena, entry, 0x12345678)
    cutExpire(arena, entry)
    expect([blockOf(arena, entry), keyLength(arena, entry)]).toEqual([0x12345678, keyBytes])
    expect(usedBytesOf(arena, entry)).toBe(headerBytes(flags) + keyBytes)
  }
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
