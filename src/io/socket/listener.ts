/* Listening sockets: TCP and Unix. I/O thread. Each accepted connection is handed on as a bare handle, for Connection
 * to wrap; the address pair goes with it.
 *
 * Listening is synchronous, so that CONFIG SET can answer whether it worked. Node's public calls bind a TCP address
 * only after an asynchronous look-up, even of an address that is a number; so the handle is made by the function that
 * node:cluster makes its handles with, and given to the public listen(). */
import { chmodSync, rmSync, writeSync } from 'node:fs'
import net, { isIPv6, type Server, type Socket } from 'node:net'
import { getSystemErrorName } from 'node:util'
import type { SocketHandle } from './connection.ts'

/** An accepted connection before anything was read from it. */
export interface Accepted {
  handle: SocketHandle
  /** Remote and local address as CLIENT LIST shows them; a Unix socket has its path and port 0 twice. */
  remote: string
  local: string
  remoteAddress: string
  isUnix: boolean
}

export type AcceptHandler = (accepted: Accepted) => void

interface ListenHandle {
  /** 0, or the negated number of the system's error. */
  listen(backlog: number): number
  close(): void
}

type CreateHandle = (
  address: string,
  port: number,
  family: number,
  fd?: number,
  flags?: number,
) => ListenHandle | number

const createHandle = (net as unknown as { _createServerHandle: CreateHandle })._createServerHandle
const IPV6_ONLY = 1
const NO_PORT = -1

/** A system's error, as Node throws it: with its name in `code`. */
export class SystemError extends Error {
  readonly code: string

  constructor(errno: number) {
    const code = getSystemErrorName(errno)
    super(code)
    this.code = code
  }
}

/** Listens on one TCP address, a number in either family. Throws SystemError. */
export function listenTcp(address: string, port: number, backlog: number, accept: AcceptHandler): Server {
  const isV6 = isIPv6(address)
  const handle = createHandle(address, port, isV6 ? 6 : 4, undefined, isV6 ? IPV6_ONLY : 0)
  const server = net.createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
    const remote = formatAddress(socket.remoteAddress ?? '?', socket.remotePort ?? 0)
    const local = formatAddress(socket.localAddress ?? '?', socket.localPort ?? 0)
    const remoteAddress = socket.remoteAddress ?? ''
    const taken = releaseHandle(socket)
    if (taken !== null) accept({ handle: taken, remote, local, remoteAddress, isUnix: false })
  })
  return listen(server, handle, backlog)
}

/**
 * Listens on a Unix socket, replacing one left behind; `permissions` are the mode bits, 0 = the umask's. Throws
 * SystemError.
 */
export function listenUnix(path: string, permissions: number, backlog: number, accept: AcceptHandler): Server {
  rmSync(path, { force: true })
  const handle = createHandle(path, NO_PORT, NO_PORT)
  const server = net.createServer({ pauseOnConnect: true }, (socket) => {
    const taken = releaseHandle(socket)
    if (taken !== null)
      accept({ handle: taken, remote: `${path}:0`, local: `${path}:0`, remoteAddress: '', isUnix: true })
  })
  listen(server, handle, backlog)
  if (permissions !== 0) chmodSync(path, permissions)
  return server
}

/** Turns an accepted connection away with a last word, as far as the kernel takes it. */
export function refuse(accepted: Accepted, text: Uint8Array): void {
  try {
    writeSync(accepted.handle.fd, text)
  } catch {
    // It has gone already.
  }
  accepted.handle.close()
}

/** Has the server listen on a bound handle. The kernel may refuse an address as late as this. */
function listen(server: Server, handle: ListenHandle | number, backlog: number): Server {
  if (typeof handle === 'number') throw new SystemError(handle)
  let error = 0
  const { listen } = handle
  handle.listen = (length) => {
    error = listen.call(handle, length)
    return error
  }
  // Node tells of a failure only later; thrown at once, it needs no second teller.
  server.on('error', () => {})
  server.listen(handle, backlog)
  if (error !== 0) throw new SystemError(error)
  return server
}

/** Takes the handle out of an accepted socket, which is then an empty shell; null when it has closed already. */
function releaseHandle(socket: Socket): SocketHandle | null {
  const shell = socket as unknown as { _handle: SocketHandle | null }
  const handle = shell._handle
  shell._handle = null
  return handle
}

function formatAddress(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
