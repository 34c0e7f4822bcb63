/* Listening sockets: TCP and Unix. I/O thread. Each accepted connection is handed on as a bare handle, for Connection to
 * wrap; the address pair goes with it. */
import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
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

/** Listens on one TCP address. Rejects with the system's error. */
export function listenTcp(host: string, port: number, backlog: number, accept: AcceptHandler): Promise<Server> {
  const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
    const remote = formatAddress(socket.remoteAddress ?? '?', socket.remotePort ?? 0)
    const local = formatAddress(socket.localAddress ?? '?', socket.localPort ?? 0)
    const handle = releaseHandle(socket)
    if (handle !== null) accept({ handle, remote, local, remoteAddress: socket.remoteAddress ?? '', isUnix: false })
  })
  return listening(server, () => server.listen({ host, port, backlog, ipv6Only: true }))
}

/** Listens on a Unix socket, replacing one left behind; `permissions` are the mode bits, 0 = the umask's. */
export function listenUnix(path: string, permissions: number, backlog: number, accept: AcceptHandler): Promise<Server> {
  rmSync(path, { force: true })
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    const handle = releaseHandle(socket)
    if (handle !== null) accept({ handle, remote: `${path}:0`, local: `${path}:0`, remoteAddress: '', isUnix: true })
  })
  return listening(server, () => {
    server.listen({ path, backlog }, () => {
      if (permissions !== 0) chmodSync(path, permissions)
    })
  })
}

function listening(server: Server, start: () => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', () => {
      server.off('error', reject)
      resolve(server)
    })
    start()
  })
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
