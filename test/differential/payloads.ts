/* Payloads for RESTORE: values in the forms that Redis has written them in over the years, whole and broken. */
import {
  CONTAINER_PACKED,
  CONTAINER_PLAIN,
  RDB_HASH,
  RDB_HASH_LISTPACK,
  RDB_HASH_ZIPLIST,
  RDB_HASH_ZIPMAP,
  RDB_LIST,
  RDB_LIST_QUICKLIST,
  RDB_LIST_QUICKLIST_2,
  RDB_LIST_ZIPLIST,
  RDB_STRING,
} from '../../src/shard-worker/rdb/format.ts'
import { latin1, listpackOf, payloadOf, withChecksum, ziplistOf, zipmapOf } from '../../src/shard-worker/rdb/testing.ts'

const FIELDS = ['a', '1', 'b', 'two', '3', '', 'long', 'x'.repeat(100)]
const ELEMENTS = ['one', '2', '', '-300', 'y'.repeat(300), '9223372036854775807']
const TWICE = ['a', '1', 'a', '2']

function blob(rdbType: number, bytes: Uint8Array): string {
  return latin1(payloadOf(rdbType, (writer) => writer.string(bytes, 0, bytes.length)))
}

function texts(rdbType: number, count: number, all: readonly string[]): string {
  return latin1(
    payloadOf(rdbType, (writer) => {
      writer.integer(count)
      for (const text of all) writer.text(text)
    }),
  )
}

function nodes(...all: readonly [container: number, bytes: Uint8Array][]): string {
  return latin1(
    payloadOf(RDB_LIST_QUICKLIST_2, (writer) => {
      writer.integer(all.length)
      for (const [container, bytes] of all) {
        writer.integer(container)
        writer.string(bytes, 0, bytes.length)
      }
    }),
  )
}

const strings = ['', 'text', '7', '-300', '123456', '12345678901', 'z'.repeat(100)].map((text) =>
  latin1(payloadOf(RDB_STRING, (writer) => writer.text(text))),
)
const hashes = [FIELDS, TWICE, []].flatMap((all) => [
  texts(RDB_HASH, all.length / 2, all),
  blob(RDB_HASH_LISTPACK, listpackOf(all)),
  blob(RDB_HASH_ZIPLIST, ziplistOf(all)),
  blob(RDB_HASH_ZIPMAP, zipmapOf(all)),
])
const lists = [ELEMENTS, ['one'], []].flatMap((all) => [
  texts(RDB_LIST, all.length, all),
  blob(RDB_LIST_ZIPLIST, ziplistOf(all)),
  latin1(
    payloadOf(RDB_LIST_QUICKLIST, (writer) => {
      writer.integer(2)
      for (let i = 0; i < 2; i++) writer.string(ziplistOf(all), 0, ziplistOf(all).length)
    }),
  ),
  nodes(
    [CONTAINER_PACKED, listpackOf(all)],
    [CONTAINER_PLAIN, Buffer.from('plain')],
    [CONTAINER_PACKED, listpackOf(all)],
  ),
])
const FOOTER_BYTES = 10
/* Cut short by more than Redis finds in the footer, into which it reads on, but with a checksum; and with a byte that
 * is not the checksum's. */
const broken = [...strings, ...hashes, ...lists].flatMap((payload) => {
  const bytes = Buffer.from(payload, 'latin1')
  const kept = bytes.subarray(0, Math.max(0, bytes.length - 2 * FOOTER_BYTES - 2))
  const cut = Uint8Array.from([...kept, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  return [latin1(withChecksum(cut)), `${payload.slice(0, -1)}\x00`]
})

export const SOUND_PAYLOADS: readonly string[] = [...strings, ...hashes, ...lists]
export const BROKEN_PAYLOADS: readonly string[] = broken
