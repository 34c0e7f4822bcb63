/* The lists and hashes that rounds begin with, and those whose memory is measured. Main thread. */

import { withControl } from '../control-connection.ts'
import type { Endpoint } from './settings.ts'

/** Elements, or fields and values, that one command carries. */
const BATCH = 500

export const FILLINGS = ['list', 'short-list', 'hash', 'small-hash'] as const
/**
 * What a round finds: a list to pop from; one for ranges of up to 600 elements; a hash of every field that may be asked
 * for; a hash of 20 small fields.
 */
export type Filling = (typeof FILLINGS)[number]

/** The keys; those of the first and third are redis-benchmark's own. */
export const KEY_OF: Readonly<Record<Filling, string>> = {
  list: 'mylist',
  'short-list': 'shortlist',
  hash: 'myhash',
  'small-hash': 'smallhash',
}
const SHORT_LIST_ELEMENTS = 1000
const SMALL_HASH_FIELDS = 20
const ELEMENT = 'xxx'

/** Fills the key of a filling anew; `count` elements or fields where its size is not fixed. */
export async function fillCollection(endpoint: Endpoint, filling: Filling, count: number): Promise<void> {
  const key = KEY_OF[filling]
  await withControl(endpoint, async (control) => {
    await control.command('DEL', key)
    if (filling === 'small-hash') {
      await control.command('HSET', key, ...pairs(0, SMALL_HASH_FIELDS, (i) => `field:${i}`, 'value'))
    } else if (filling === 'hash') {
      for (let i = 0; i < count; i += BATCH) {
        await control.command('HSET', key, ...pairs(i, Math.min(BATCH, count - i), benchmarkField, ELEMENT))
      }
    } else {
      const elements = filling === 'list' ? count : SHORT_LIST_ELEMENTS
      for (let i = 0; i < elements; i += BATCH) {
        await control.command('RPUSH', key, ...new Array<string>(Math.min(BATCH, elements - i)).fill(ELEMENT))
      }
    }
  })
}

/** What redis-benchmark makes of element:__rand_int__. */
const benchmarkField = (i: number) => `element:${String(i).padStart(12, '0')}`

function pairs(first: number, count: number, name: (i: number) => string, value: string): string[] {
  return Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? name(first + (i >> 1)) : value))
}

/** Collections whose memory is measured. */
export const STORED = ['hash10', 'list'] as const
export type Stored = (typeof STORED)[number]
const STORED_FIELDS = 10

/** Fills a server with `count` hashes of ten small fields, or with one list of `count` small elements. */
export async function storeCollections(endpoint: Endpoint, stored: Stored, count: number): Promise<void> {
  await withControl(endpoint, async (control) => {
    if (stored === 'list') {
      for (let i = 0; i < count; i += BATCH) {
        const length = Math.min(BATCH, count - i)
        await control.command('RPUSH', 'list', ...Array.from({ length }, (_, j) => `element:${i + j}`))
      }
      return
    }
    for (let i = 0; i < count; i++) {
      const fields = pairs(0, STORED_FIELDS, (j) => `field${j}`, `value${i % 100}`)
      await control.command('HSET', `hash:${String(i).padStart(12, '0')}`, ...fields)
    }
  })
}
