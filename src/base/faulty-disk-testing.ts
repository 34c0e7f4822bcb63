/* Disks that fail: the operating system's files behind a port that fails or does less than it is asked at a call of the
 * test's choice. Tests only. */
import { type Disk, systemDisk } from './ports.ts'

/** What the operating system's errors look like. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: as the test wants it`), { code })
}

export type DiskCall = keyof Disk

export class FaultyDisk implements Disk {
  /** The calls made so far. */
  readonly calls: DiskCall[] = []
  /** Files and directories that are open. */
  readonly opened = new Set<number>()
  /** Asked before each call, with its number from 0: the code of the error to throw, or nothing. */
  fault: (call: DiskCall, number: number) => string | undefined = () => undefined
  /** Asked for each read and write: how many of the bytes are read or written. */
  part: (bytes: number) => number = (bytes) => bytes

  private begin(call: DiskCall): void {
    const code = this.fault(call, this.calls.length)
    this.calls.push(call)
    if (code !== undefined) throw systemError(code)
  }

  create(path: string): number {
    this.begin('create')
    return this.noted(systemDisk.create(path))
  }

  open(path: string): number {
    this.begin('open')
    return this.noted(systemDisk.open(path))
  }

  private noted(file: number): number {
    this.opened.add(file)
    return file
  }

  size(file: number): number {
    this.begin('size')
    return systemDisk.size(file)
  }

  read(file: number, target: Uint8Array, offset: number, length: number, position: number | null): number {
    this.begin('read')
    return systemDisk.read(file, target, offset, this.part(length), position)
  }

  write(file: number, source: Uint8Array, offset: number, length: number): number {
    this.begin('write')
    return systemDisk.write(file, source, offset, this.part(length))
  }

  syncData(file: number): void {
    this.begin('syncData')
    systemDisk.syncData(file)
  }

  sync(file: number): void {
    this.begin('sync')
    systemDisk.sync(file)
  }

  /** A close that fails has closed the file all the same. */
  close(file: number): void {
    if (this.opened.delete(file)) systemDisk.close(file)
    this.begin('close')
  }

  rename(from: string, to: string): void {
    this.begin('rename')
    systemDisk.rename(from, to)
  }

  remove(path: string): void {
    this.begin('remove')
    systemDisk.remove(path)
  }
}
