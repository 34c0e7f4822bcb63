/* Barrier cells: where shard workers meet for a command that touches shards of several of them.
 *
 * The I/O thread allocates and arms a cell and puts one barrier record, naming the cell, into the ring of every worker
 * involved, all in one go. Each worker that reaches its record parks its shards' batons and arrives. The last to arrive
 * is the runner: it takes the parked batons, runs the whole command, hands the batons back and opens the cell; the
 * others wait for that. Because one thread enqueues, any two cells stand in the same order in every ring they share, so
 * no two workers can wait for each other: no deadlock.
 *
 * A cell has a line of its own, 128 bytes as in the rings:
 *
 *   0                4               8                128
 *   | generation i32 | remaining i32 | unused         |
 *
 * generation  counts arm and open: odd while the cell is armed, even while it is open or free.
 * remaining   parties that have not arrived yet.
 *
 * I1  the generation changes only from even to odd by `arm`, and from odd to even by `open`.
 * I2  remaining is positive when a cell is armed, falls by one with each `arrive`, and is 0 when it is opened.
 * I3  a cell that the pool holds is open.
 *
 * Why a cell can be reused at once: a party reads the generation before it arrives, and the cell cannot be opened
 * before it has arrived. Waiting ends when the generation is not that one any more, so a party that wakes late, after
 * the cell has been opened and armed again for others, leaves all the same (the count would have to wrap at 2^32
 * meanwhile).
 *
 * Bound: `cells` rendezvous at a time. When none is free, `allocate` returns -1 and the I/O thread treats it as a full
 * ring: it stops reading from the sockets that feed it until a rendezvous is over. */

import { assert } from '../../base/assert.ts'

export const BARRIER_CELL_BYTES = 128
const CELL_WORDS = BARRIER_CELL_BYTES / 4
const GENERATION = 0
const REMAINING = 1

/** Size of the shared memory that holds `cells` barrier cells. */
export function barrierBytes(cells: number): number {
  return cells * BARRIER_CELL_BYTES
}

/** One thread's view of all the barrier cells in `i32`, which fresh is all zero. Only the I/O thread arms. */
export class BarrierCells {
  /** How many cells there are. */
  readonly cells: number
  private readonly i32: Int32Array
  /** Cell and generation of this thread's last arrival: a thread is at one barrier at a time. */
  private arrivedCell: number
  private arrivedGeneration: number

  constructor(i32: Int32Array) {
    this.cells = Math.floor(i32.length / CELL_WORDS)
    this.i32 = i32
    this.arrivedCell = -1
    this.arrivedGeneration = 0
  }

  /** Closes the cell for `parties` arrivals. Before any of them can know of it. */
  arm(cell: number, parties: number): void {
    assert(cell >= 0 && cell < this.cells && parties > 0, 'a cell of the pool is armed for somebody')
    const at = cell * CELL_WORDS
    assert((Atomics.load(this.i32, at + GENERATION) & 1) === 0, 'I1 only an open cell is armed')
    Atomics.store(this.i32, at + REMAINING, parties)
    Atomics.add(this.i32, at + GENERATION, 1)
  }

  /** Comes to the cell. True for the last one, the runner, who must `open`; the others must `waitOpen`. */
  arrive(cell: number): boolean {
    const at = cell * CELL_WORDS
    this.arrivedCell = cell
    this.arrivedGeneration = Atomics.load(this.i32, at + GENERATION)
    assert((this.arrivedGeneration & 1) === 1, 'I1 parties arrive at an armed cell')
    const remaining = Atomics.sub(this.i32, at + REMAINING, 1) - 1
    assert(remaining >= 0, 'I2 no more parties arrive than the cell was armed for')
    return remaining === 0
  }

  /** Waits until the runner opens the cell at which this thread has arrived. Looks `spins` times (13 ns each) before it
   *  sleeps, which costs a system call and a wake-up: worth it only where cores are to spare. */
  waitOpen(cell: number, spins = 0): void {
    assert(cell === this.arrivedCell, 'a thread waits where it has arrived')
    const at = cell * CELL_WORDS + GENERATION
    for (let i = 0; i < spins; i++) {
      if (Atomics.load(this.i32, at) !== this.arrivedGeneration) return
    }
    while (Atomics.load(this.i32, at) === this.arrivedGeneration) {
      Atomics.wait(this.i32, at, this.arrivedGeneration)
    }
  }

  /** The runner is done: all go on, and the cell may be freed. */
  open(cell: number): void {
    const at = cell * CELL_WORDS
    assert(Atomics.load(this.i32, at + REMAINING) === 0, 'I2 a cell opens when all have arrived')
    const generation = Atomics.add(this.i32, at + GENERATION, 1)
    assert((generation & 1) === 1, 'I1 only an armed cell is opened')
    Atomics.notify(this.i32, at + GENERATION)
  }

  /** True when the cell is not armed, or its rendezvous is over. */
  isOpen(cell: number): boolean {
    return (Atomics.load(this.i32, cell * CELL_WORDS + GENERATION) & 1) === 0
  }
}

/** The I/O thread's stock of free cells. */
export class BarrierPool {
  private readonly view: BarrierCells
  /** Stack of free cells, and its height. */
  private readonly free: Int32Array
  private freeCount: number

  constructor(view: BarrierCells) {
    this.view = view
    this.free = new Int32Array(view.cells)
    this.freeCount = view.cells
    for (let i = 0; i < view.cells; i++) this.free[i] = view.cells - 1 - i
  }

  /** Free cells left. */
  get available(): number {
    return this.freeCount
  }

  /** A free cell, to be armed, or -1 when all are in use. */
  allocate(): number {
    if (this.freeCount === 0) return -1
    return this.free[--this.freeCount]
  }

  /** Takes an opened cell back; its parties may still be waking up. */
  release(cell: number): void {
    assert(this.freeCount < this.view.cells && this.view.isOpen(cell), 'I3 a cell goes back open')
    this.free[this.freeCount++] = cell
  }

  /** Asserts I3, and that no cell is held twice. O(cells). */
  check(): void {
    const seen = new Uint8Array(this.view.cells)
    for (let i = 0; i < this.freeCount; i++) {
      const cell = this.free[i]
      assert(cell >= 0 && cell < this.view.cells && seen[cell] === 0, 'the pool holds a cell once')
      assert(this.view.isOpen(cell), 'I3 a cell that the pool holds is open')
      seen[cell] = 1
    }
  }
}
