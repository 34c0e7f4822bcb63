/* Size classes: the block sizes that spans are cut into. Any thread: constant tables, made when the module loads.
 *
 *   class      1   2  ...  16   17   18   19   20   21   22   23   24   25   26  ...       96
 *   bytes      8  16  ... 128  144  160  176  192  208  224  240  256  288  320  ...  131,072
 *              every multiple of 8 | then eight to each doubling
 *
 * Small keys are what a store is full of, so up to 128 bytes a block wastes at most 7. Above, eight to a doubling waste
 * at most 1/9 of a block. Most classes have spans of one page, so that a class that is seldom used costs little; where
 * more than 1/32 of the page would be left over behind the last block, the span takes as many pages (15 at most) as it
 * needs to get below that. Both together: a span full of the least fitting blocks wastes less than 12.5%, and so does
 * a run of whole pages from 128 KiB on.
 *
 * The table goes on to 128 KiB, rather than the 32 KiB at which a run of whole pages becomes thinkable, because a run
 * for a block of 33 KiB would waste 31%.
 */
import { assert } from '../../base/assert.ts'
import { CLASS_COUNT, PAGE_BYTES } from './layout.ts'

/** The largest block that comes from a span; what is larger is a run of pages of its own. */
export const MAX_SMALL_BYTES = 128 * 1024

const STEP_BYTES = 8
const LINEAR_BYTES = 128
const CLASSES_PER_DOUBLING = 8
/** At most one byte in this many is lost behind the last block of a span. */
const MIN_BYTES_PER_LOST_BYTE = 32

/** Bytes of a block, by class. Class 0 is none. */
export const CLASS_BYTES = new Int32Array(CLASS_COUNT + 1)
/** Pages of a span, by class. */
export const CLASS_SPAN_PAGES = new Int32Array(CLASS_COUNT + 1)
/** Blocks in a span, by class. */
export const CLASS_SPAN_BLOCKS = new Int32Array(CLASS_COUNT + 1)
/** The class for a request, by the request in units of 8 bytes, rounded up. */
export const CLASS_OF_UNITS = new Uint8Array(MAX_SMALL_BYTES / STEP_BYTES + 1)

fillTables()

function fillTables(): void {
  let count = 0
  for (let bytes = STEP_BYTES; bytes <= LINEAR_BYTES; bytes += STEP_BYTES) CLASS_BYTES[++count] = bytes
  for (let base = LINEAR_BYTES; base < MAX_SMALL_BYTES; base *= 2) {
    for (let k = 1; k <= CLASSES_PER_DOUBLING; k++) CLASS_BYTES[++count] = base + (base / CLASSES_PER_DOUBLING) * k
  }
  assert(count === CLASS_COUNT && CLASS_BYTES[count] === MAX_SMALL_BYTES, 'the classes end at the largest small block')
  for (let units = 0, sizeClass = 1; units < CLASS_OF_UNITS.length; units++) {
    if (units * STEP_BYTES > CLASS_BYTES[sizeClass]) sizeClass++
    CLASS_OF_UNITS[units] = sizeClass
  }
  for (let sizeClass = 1; sizeClass <= CLASS_COUNT; sizeClass++) {
    const bytes = CLASS_BYTES[sizeClass]
    let pages = Math.ceil(bytes / PAGE_BYTES)
    while (((pages * PAGE_BYTES) % bytes) * MIN_BYTES_PER_LOST_BYTE > pages * PAGE_BYTES) pages++
    CLASS_SPAN_PAGES[sizeClass] = pages
    CLASS_SPAN_BLOCKS[sizeClass] = Math.floor((pages * PAGE_BYTES) / bytes)
  }
}
