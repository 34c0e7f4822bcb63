/* What DEBUG tells of listpacks and quicklists: DEBUG OBJECT's additional fields, and every node or element on the
 * standard output, where Redis prints them. Baton holder; cold. */
import type { Args } from '../../../base/args.ts'
import { textOf } from '../../../base/bytes.ts'
import * as errors from '../../../base/error-texts.ts'
import type { Reply } from '../../../base/reply.ts'
import type { Arena } from '../../../shm/arena/arena.ts'
import type { Engine } from '../../engine.ts'
import {
  blockOf,
  ENCODING_LISTPACK,
  ENCODING_LISTPACK_EX,
  ENCODING_QUICKLIST,
  encodingOf,
  TYPE_LIST,
  typeOf,
} from '../../keyspace/entry.ts'
import { prefixBytes } from '../../keyspace/hash/hash-layout.ts'
import { listpackAt } from '../../keyspace/list/list.ts'
import * as listpack from '../../structure/listpack.ts'
import { expanded } from '../../structure/quicklist-compress.ts'
import {
  countOf,
  depthOf,
  endNode,
  fillOf,
  isCompressed,
  isPlain,
  nextNode,
  nodeAt,
  nodeCount,
  nodeSize,
  nodesOf,
} from '../../structure/quicklist-node.ts'

/** What is shown of an element at most. */
const SHOWN_BYTES = 40

/** DEBUG OBJECT's fields of a quicklist. */
export function quicklistFields(arena: Arena, list: number): string {
  const nodes = nodesOf(arena, list)
  let bytes = 0
  for (let node = endNode(arena, list, true); node !== 0; node = nextNode(arena, node, true)) {
    bytes += nodeSize(arena, node)
  }
  return (
    ` ql_nodes:${nodes} ql_avg_node:${(countOf(arena, list) / nodes).toFixed(2)} ` +
    `ql_listpack_max:${fillOf(arena, list)} ql_compressed:${depthOf(arena, list) === 0 ? 0 : 1} ` +
    `ql_uncompressed_size:${bytes}`
  )
}

/** DEBUG LISTPACK key. */
export function printListpack({ keyspace }: Engine, args: Args, reply: Reply): void {
  const { arena } = keyspace
  const entry = keyspace.findWithoutTouch(args.bytes, args.offset[2], args.length[2])
  if (entry === 0) return reply.error(errors.NO_SUCH_KEY)
  const encoding = encodingOf(arena, entry)
  if (encoding !== ENCODING_LISTPACK && encoding !== ENCODING_LISTPACK_EX) return reply.error(errors.NOT_A_LISTPACK)
  const block = blockOf(arena, entry)
  const at = typeOf(arena, entry) === TYPE_LIST ? listpackAt(arena, block) : block + prefixBytes(encoding)
  process.stdout.write(describeListpack(arena.u8, at))
  reply.simple('Listpack structure printed on stdout')
}

/** DEBUG QUICKLIST key [detail]. */
export function printQuicklist({ keyspace }: Engine, args: Args, reply: Reply): void {
  if (args.count > 4) return reply.error(errors.subcommandSyntax(args.text(1), 'DEBUG'))
  const { arena } = keyspace
  const entry = keyspace.findWithoutTouch(args.bytes, args.offset[2], args.length[2])
  if (entry === 0) return reply.error(errors.NO_SUCH_KEY)
  if (encodingOf(arena, entry) !== ENCODING_QUICKLIST) return reply.error(errors.NOT_A_QUICKLIST)
  const inFull = args.count === 4 && Number.parseInt(args.cText(3), 10) > 0
  process.stdout.write(describeQuicklist(arena, blockOf(arena, entry), inFull))
  reply.simple('Quicklist structure printed on stdout')
}

export function describeListpack(u8: Uint8Array, at: number): string {
  const lines = [`{total bytes ${listpack.listpackBytes(u8, at)}} {num entries ${listpack.listpackCount(u8, at)}}`]
  let index = 0
  for (let p = listpack.first(at); !listpack.isEnd(u8, p); p = listpack.next(u8, p)) {
    listpack.read(u8, p)
    const { bytes, offset, length } = listpack.element
    const text = textOf(bytes, offset, Math.min(length, SHOWN_BYTES))
    const size = listpack.elementBytes(u8, p)
    lines.push(`{index ${index++}, offset ${p - at}, bytes ${size}} ${text}${length > SHOWN_BYTES ? '...' : ''}`)
  }
  lines.push('{end}')
  return `${lines.join('\n')}\n`
}

export function describeQuicklist(arena: Arena, list: number, inFull: boolean): string {
  let text =
    `{count : ${countOf(arena, list)}}\n{len : ${nodesOf(arena, list)}}\n` +
    `{fill : ${fillOf(arena, list)}}\n{compress : ${depthOf(arena, list)}}\n`
  let index = 0
  for (let node = endNode(arena, list, true); node !== 0; node = nextNode(arena, node, true)) {
    const packed = isCompressed(arena, node)
    const plain = isPlain(arena, node)
    text +=
      `{quicklist node(${index++})\n{container : ${plain ? 'PLAIN' : 'PACKED'}, encoding: ${packed ? 'LZF' : 'RAW'}, ` +
      `size: ${nodeSize(arena, node)}, count: ${nodeCount(arena, node)}}\n`
    if (!inFull) continue
    const at = nodeAt(arena, node)
    if (plain) text += `{ entry : ${textOf(arena.u8, at, nodeSize(arena, node))} }\n}\n`
    else text += `{ listpack:\n${describeListpack(packed ? expanded(arena, node) : arena.u8, packed ? 0 : at)}}\n}\n`
  }
  return text
}
