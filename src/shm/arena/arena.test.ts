import { Worker } from 'node:worker_threads'
import * as fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { Arena } from './arena.ts'
import { MAX_ARENA_BYTES, PAGE_BYTES, ROOT_BYTES } from './layout.ts'
import { MAX_SMALL_BYTES } from './size-class.ts'

const MIB = 1 << 20

afterEach(() => {
  Arena.poison = false
})

describe('a new arena', () => {
  test('is empty, with a zeroed root on a cache line', () => {
    const arena = Arena.create(MIB)
    expect(arena.totalBytes).toBe(MIB)
    expect(arena.usedBytes).toBe(0)
    expect(arena.blockCount).toBe(0)
    expect(arena.root % 64).toBe(0)
    expect(arena.u8.subarray(arena.root, arena.root + ROOT_BYTES).every((byte) => byte === 0)).toBe(true)
    expect(arena.touchedBytes).toBe(arena.overheadBytes)
    expect(arena.overheadBytes).toBeLessThan(PAGE_BYTES)
    arena.check()
  })

  test('has any size from 256 KiB to just under 2 GiB', () => {
    const arena = Arena.create(MAX_ARENA_BYTES)
    expect(arena.totalBytes).toBe(2 ** 31 - PAGE_BYTES)
    expect(arena.touchedBytes).toBeLessThan(PAGE_BYTES)
    expect(Arena.create(MIB + 5000).totalBytes).toBe(MIB)
    expect(() => Arena.create(2 ** 31)).toThrow('from 256 KiB to just under 2 GiB')
    expect(() => Arena.create(PAGE_BYTES)).toThrow('from 256 KiB to just under 2 GiB')
  })

  test('can be attached to, and nothing else can', () => {
    const arena = Arena.create(MIB)
    expect(Arena.attach(arena.buffer).totalBytes).toBe(MIB)
    expect(() => Arena.attach(new SharedArrayBuffer(MIB))).toThrow('the buffer holds an arena')
    const longer = new SharedArrayBuffer(2 * MIB)
    new Uint8Array(longer).set(new Uint8Array(arena.buffer))
    expect(() => Arena.attach(longer)).toThrow('the arena is as long as its buffer')
  })
})

describe('blocks', () => {
  test('of every size are aligned, hold what was asked, and are counted', () => {
    const arena = Arena.create(16 * MIB)
    let used = 0
    let count = 0
    for (let bytes = 0; bytes < 300_000; bytes += 1 + (bytes >> 4)) {
      const offset = arena.allocate(bytes)
      const capacity = arena.capacity(offset)
      expect(offset % 8).toBe(0)
      if (capacity % 64 === 0) expect(offset % 64).toBe(0)
      expect(capacity).toBeGreaterThanOrEqual(Math.max(bytes, 8))
      if (bytes > 128) expect(1 - bytes / capacity).toBeLessThan(1 / 8)
      used += capacity
      expect(arena.usedBytes).toBe(used)
      expect(arena.blockCount).toBe(++count)
    }
    arena.check()
  })

  test('a million of 32 bytes cost 32.1 bytes each', () => {
    const arena = Arena.create(64 * MIB)
    for (let i = 0; i < 1_000_000; i++) arena.allocate(32)
    expect(arena.usedBytes).toBe(32_000_000)
    expect(arena.touchedBytes / 1_000_000).toBeLessThan(32.1)
    arena.check()
  })

  test('free ones are used again before any fresh memory is', () => {
    const arena = Arena.create(4 * MIB)
    const offsets = Array.from({ length: 10_000 }, () => arena.allocate(48))
    const touched = arena.touchedBytes
    for (let i = 0; i < offsets.length; i += 3) arena.release(offsets[i])
    for (let i = 0; i < offsets.length; i += 3) offsets[i] = arena.allocate(48)
    expect(arena.touchedBytes).toBe(touched)
    expect(new Set(offsets).size).toBe(10_000)
    arena.check()
  })

  test('the memory of one class serves another, and in the end one block of all', () => {
    const arena = Arena.create(4 * MIB)
    const whole = fill(arena, 100_000).length
    arena.reset()
    for (const bytes of [32, 1000, 9000, 100_000, 24]) {
      const offsets = fill(arena, bytes)
      if (bytes === 100_000) expect(offsets.length).toBe(whole)
      for (let i = 0; i < offsets.length; i += 2) arena.release(offsets[i])
      for (let i = 1; i < offsets.length; i += 2) arena.release(offsets[i])
      expect(arena.usedBytes).toBe(0)
      arena.check()
    }
    expect(arena.allocate(4 * MIB - 2 * PAGE_BYTES)).not.toBe(0)
    arena.check()
  })

  test('a small block still fits where its span would not', () => {
    const arena = Arena.create(MIB)
    const bytes = 18_000
    const pages = Array.from(fill(arena, PAGE_BYTES))
    // Two pages here, two there: spans of this class have nine.
    for (const at of [3, 4, 20, 21]) arena.release(pages[at])
    expect(arena.fits(bytes)).toBe(true)
    const first = arena.allocate(bytes)
    expect(arena.capacity(first)).toBe(2 * PAGE_BYTES)
    expect(arena.allocate(bytes)).not.toBe(0)
    expect(arena.fits(bytes)).toBe(false)
    arena.check()
    arena.release(first)
    arena.check()
  })

  test('of 512 MB are had, given back and had again without touching the memory', () => {
    const arena = Arena.create(MAX_ARENA_BYTES)
    const bytes = 512 * MIB
    const offsets = [1, 2, 3].map(() => arena.allocate(bytes))
    expect(offsets.every((offset) => offset !== 0)).toBe(true)
    expect(arena.allocate(bytes)).toBe(0)
    expect(arena.fits(bytes)).toBe(false)
    arena.release(offsets[1])
    expect(arena.allocate(bytes)).toBe(offsets[1])
    for (const offset of offsets) arena.release(offset)
    expect(arena.fits(3 * bytes)).toBe(true)
    const small = Array.from({ length: 1000 }, () => arena.allocate(1000))
    expect(arena.allocate(3 * bytes)).not.toBe(0)
    for (const offset of small) arena.release(offset)
    expect(arena.blockCount).toBe(1)
    expect(arena.usedBytes).toBe(3 * bytes)
  })

  test('no request is too large or too odd to be refused', () => {
    const arena = Arena.create(MIB)
    for (const bytes of [MIB, 2 ** 31, 2 ** 40, Infinity]) {
      expect(arena.fits(bytes)).toBe(false)
      expect(arena.allocate(bytes)).toBe(0)
    }
    for (const bytes of [-1, NaN]) {
      expect(() => arena.fits(bytes)).toThrow('a block has a size')
      expect(() => arena.allocate(bytes)).toThrow('a block has a size')
    }
    arena.check()
  })

  test('only live ones can be released or measured', () => {
    const arena = Arena.create(MIB)
    const small = arena.allocate(100)
    const large = arena.allocate(MAX_SMALL_BYTES + 1)
    for (const offset of [0, arena.root, small + 4, large + PAGE_BYTES, MIB - PAGE_BYTES]) {
      expect(() => arena.release(offset)).toThrow('a live block is released')
    }
    expect(() => arena.release(large + 8)).toThrow('a live block is released')
    for (const offset of [0, MIB - PAGE_BYTES])
      expect(() => arena.capacity(offset)).toThrow('a live block has a capacity')
    arena.release(large)
    expect(() => arena.release(large)).toThrow('a live block is released')
    arena.check()
  })
})

describe.each([32, 3000, 40_000, 200_000])('an arena full of blocks of %i bytes', (bytes) => {
  test('refuses, and serves again after one release', () => {
    const arena = Arena.create(MIB)
    const offsets = fill(arena, bytes)
    expect(arena.fits(bytes)).toBe(false)
    expect(arena.allocate(bytes)).toBe(0)
    arena.check()
    for (const offset of offsets) {
      arena.release(offset)
      if (!arena.fits(bytes) || arena.allocate(bytes) !== offset) expect.fail(`${offset} is not served again`)
    }
    expect(arena.allocate(bytes)).toBe(0)
    arena.check()
  })
})

describe('reset', () => {
  test('frees everything, zeroes the root, and starts again in the memory already touched', () => {
    const arena = Arena.create(4 * MIB)
    for (const bytes of [8, 500, 70_000, 500_000]) fillSome(arena, bytes, 5)
    arena.i32[arena.root >> 2] = 7
    arena.i32[(arena.root + ROOT_BYTES - 4) >> 2] = 7
    const touched = arena.touchedBytes
    arena.reset()
    expect(arena.usedBytes).toBe(0)
    expect(arena.blockCount).toBe(0)
    expect(arena.u8.subarray(arena.root, arena.root + ROOT_BYTES).every((byte) => byte === 0)).toBe(true)
    arena.check(() => expect.fail('no block is live'))
    for (const bytes of [8, 500, 70_000, 500_000]) fillSome(arena, bytes, 5)
    expect(arena.touchedBytes).toBe(touched)
    arena.check()
  })
})

test('a worker thread goes on where this one left off', async () => {
  const arena = Arena.create(MIB)
  const mine = arena.allocate(100)
  arena.u8.fill(1, mine, mine + 100)
  const source = `
    const { workerData, parentPort } = require('node:worker_threads')
    import(workerData.module).then(({ Arena }) => {
      const arena = Arena.attach(workerData.buffer)
      arena.release(workerData.offset)
      const offset = arena.allocate(60)
      arena.u8.fill(2, offset, offset + 60)
      parentPort.postMessage(offset)
    })`
  const module = new URL('./arena.ts', import.meta.url).href
  const worker = new Worker(source, { eval: true, workerData: { buffer: arena.buffer, offset: mine, module } })
  const theirs = await new Promise<number>((resolve, reject) => worker.once('message', resolve).once('error', reject))
  await worker.terminate()
  const seen: Array<[number, number]> = []
  arena.check((offset, capacity) => seen.push([offset, capacity]))
  expect(seen).toEqual([[theirs, 64]])
  expect(arena.u8.subarray(theirs, theirs + 60).every((byte) => byte === 2)).toBe(true)
})

type Operation =
  | { kind: 'allocate'; bytes: number; times: number }
  | { kind: 'release'; index: number; times: number }
  | { kind: 'reset' }

const size = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 130 }) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 5000 }) },
  // A few blocks to a span: many spans, which fill and empty often.
  { weight: 5, arbitrary: fc.constantFrom(2048, 3584, 4096) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 150_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 * MIB }) },
)
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      kind: fc.constant('allocate' as const),
      bytes: size,
      times: fc.integer({ min: 1, max: 40 }),
    }),
  },
  {
    weight: 20,
    arbitrary: fc.record({
      kind: fc.constant('release' as const),
      index: fc.nat(),
      times: fc.integer({ min: 1, max: 60 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const) }) },
)

test.each([
  { poison: false, arenaBytes: 4 * MIB, numRuns: 20 },
  { poison: false, arenaBytes: MIB, numRuns: 30 },
  { poison: true, arenaBytes: MIB, numRuns: 20 },
])('blocks behave as a Map of byte strings: %o', ({ poison, arenaBytes, numRuns }) => {
  Arena.poison = poison
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 80, size: 'max' }), (operations) => {
      const model = new Model(arenaBytes)
      for (const operation of operations) {
        model.run(operation)
        model.check()
      }
      model.releaseAll()
    }),
    { numRuns },
  )
})

/** An arena seen through two views in turn, beside a Map from offset to what each live block was filled with. */
class Model {
  readonly views: readonly [Arena, Arena]
  readonly live = new Map<number, number>()
  /** The keys of `live`, for picking one by index. */
  readonly offsets: number[] = []
  turn = 0
  nextMark = 1

  constructor(bytes: number) {
    const arena = Arena.create(bytes)
    this.views = [arena, Arena.attach(arena.buffer)]
  }

  run(operation: Operation): void {
    this.turn ^= 1
    if (operation.kind === 'reset') {
      this.views[this.turn].reset()
      this.live.clear()
      this.offsets.length = 0
      return
    }
    for (let i = 0; i < operation.times; i++) {
      if (operation.kind === 'allocate') this.allocate(operation.bytes)
      else if (this.offsets.length > 0) this.release((operation.index + i * 7) % this.offsets.length)
    }
  }

  allocate(bytes: number): void {
    const arena = this.views[this.turn]
    const fits = arena.fits(bytes)
    const offset = arena.allocate(bytes)
    expect(offset !== 0).toBe(fits)
    if (offset === 0) return
    expect(this.live.has(offset)).toBe(false)
    expect(arena.capacity(offset)).toBeGreaterThanOrEqual(bytes)
    const mark = this.nextMark++
    arena.i32.fill(mark, offset >> 2, (offset + arena.capacity(offset)) >> 2)
    this.live.set(offset, mark)
    this.offsets.push(offset)
  }

  release(index: number): void {
    const arena = this.views[this.turn]
    const offset = this.offsets[index]
    this.assertIntact(offset, arena.capacity(offset))
    arena.release(offset)
    this.live.delete(offset)
    this.offsets[index] = this.offsets[this.offsets.length - 1]
    this.offsets.pop()
  }

  assertIntact(offset: number, capacity: number): void {
    const mark = this.live.get(offset)
    const { i32 } = this.views[0]
    for (let word = offset >> 2; word < (offset + capacity) >> 2; word++) {
      if (i32[word] !== mark) expect.fail(`the block at ${offset} is not as it was left`)
    }
  }

  check(): void {
    let seen = 0
    let used = 0
    this.views[this.turn].check((offset, capacity) => {
      seen++
      used += capacity
      this.assertIntact(offset, capacity)
    })
    expect(seen).toBe(this.live.size)
    expect(this.views[this.turn].blockCount).toBe(seen)
    expect(this.views[this.turn].usedBytes).toBe(used)
  }

  releaseAll(): void {
    while (this.offsets.length > 0) this.release(0)
    this.check()
    const [arena] = this.views
    expect(arena.usedBytes).toBe(0)
    expect(arena.fits(arena.totalBytes - 2 * PAGE_BYTES)).toBe(true)
  }
}

/** Allocates until no more fit. */
function fill(arena: Arena, bytes: number): number[] {
  return fillSome(arena, bytes, Infinity)
}

function fillSome(arena: Arena, bytes: number, count: number): number[] {
  const offsets: number[] = []
  while (offsets.length < count) {
    const offset = arena.allocate(bytes)
    if (offset === 0) break
    offsets.push(offset)
  }
  return offsets
}
