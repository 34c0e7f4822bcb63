/* What has come and gone through the sockets of all clients since the start. I/O thread. */

export class Traffic {
  /** Bytes and portions read and written. */
  bytesIn = 0
  bytesOut = 0
  reads = 0
  writes = 0
}
