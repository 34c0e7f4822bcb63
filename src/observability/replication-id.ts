/* Who this server is in replication: the id and offset of its history of writes, and those of the history it continues
 * (https://redis.io/docs/management/replication/). I/O thread. */
import { randomBytes } from 'node:crypto'

const ID_BYTES = 20
const NO_ID = '0'.repeat(2 * ID_BYTES)

export class ReplicationId {
  id = newId()
  id2 = NO_ID
  offset = 0
  secondOffset = -1

  /** Begins a new history that continues none. */
  change(): void {
    this.id = newId()
    this.id2 = NO_ID
    this.secondOffset = -1
  }
}

function newId(): string {
  return randomBytes(ID_BYTES).toString('hex')
}
