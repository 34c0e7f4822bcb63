/* Where the server listens: the addresses of `bind` on `port`, and `unixsocket`. Main thread. CONFIG SET moves the TCP
 * listeners while the server runs; connections stay.
 *
 * A name among the addresses is looked up once, at the start: moving is done within one command. */

import { lookup } from 'node:dns/promises'
import { readFileSync, rmSync } from 'node:fs'
import { isIP, type Server } from 'node:net'
import { systemErrorCode, systemErrorText } from '../base/system-error.ts'
import { type Accepted, listenTcp, listenUnix } from '../io/socket/listener.ts'
import type { Log } from '../observability/log.ts'
import type { Configuration } from './configuration/configuration.ts'

const SOMAXCONN = '/proc/sys/net/core/somaxconn'

/** Words of `bind` that stand for addresses. */
const ADDRESSES: Record<string, string> = { '*': '0.0.0.0', '::*': '::', localhost: '127.0.0.1' }

/** What the system says of an address family that it does not have. */
const NO_SUCH_FAMILY = ['EAFNOSUPPORT', 'EPROTONOSUPPORT', 'ENOPROTOOPT', 'ESOCKTNOSUPPORT', 'EPFNOSUPPORT']

export class Listeners {
  private readonly configuration: Configuration
  private readonly log: Log
  private readonly accept: (accepted: Accepted) => void
  private readonly known = new Map(Object.entries(ADDRESSES))
  private tcp: Server[] = []
  private unix: Server | null = null

  constructor(configuration: Configuration, log: Log, accept: (accepted: Accepted) => void) {
    this.configuration = configuration
    this.log = log
    this.accept = accept
  }

  /** Listens as configured; false, with the reason in the log, when that is not possible. */
  async open(): Promise<boolean> {
    const { values } = this.configuration
    await this.lookUp(values.bind.map(withoutDash))
    this.warnOfBacklog()
    if (!this.openTcp()) {
      this.log.warning(`Failed listening on port ${values.port} (tcp), aborting.`)
      return false
    }
    if (values.unixsocket !== '' && !this.openUnix()) return false
    if (this.tcp.length === 0 && this.unix === null) {
      this.log.warning('Configured to not listen anywhere, exiting.')
      return false
    }
    this.configuration.onChange('port', () => this.move('Unable to listen on this port. Check server logs.'))
    this.configuration.onChange('bind', () => this.move('Failed to bind to specified addresses.'))
    return true
  }

  /** The kinds there are, in the words of the log: tcp, unix. */
  get kinds(): string[] {
    const kinds: string[] = []
    if (this.configuration.values.port !== 0) kinds.push('tcp')
    if (this.unix !== null) kinds.push('unix')
    return kinds
  }

  /** Listeners' addresses and ports, for INFO: as many as there are sockets. */
  get count(): number {
    return this.tcp.length + (this.unix === null ? 0 : 1)
  }

  /** Frees ports and path at once. */
  close(): void {
    this.closeTcp()
    if (this.unix === null) return
    this.unix.close()
    this.unix = null
    // The process may be gone before the event loop would have done it.
    rmSync(this.configuration.values.unixsocket, { force: true })
  }

  private closeTcp(): void {
    for (const server of this.tcp) server.close()
    this.tcp = []
  }

  /** Follows `bind` and `port`: null, or why not. */
  private move(reason: string): string | null {
    this.closeTcp()
    return this.openTcp() ? null : reason
  }

  private async lookUp(words: readonly string[]): Promise<void> {
    for (const word of words) {
      if (isIP(word) !== 0 || this.known.has(word)) continue
      try {
        this.known.set(word, (await lookup(word)).address)
      } catch {
        // openTcp() tells of it.
      }
    }
  }

  /** Opens all TCP listeners or none. */
  private openTcp(): boolean {
    const { values } = this.configuration
    if (values.port === 0) return true
    for (const word of values.bind) {
      if (this.openOne(withoutDash(word), word.startsWith('-'))) continue
      this.closeTcp()
      return false
    }
    return true
  }

  /** False when the address can't be had and may not be missing. */
  private openOne(name: string, isOptional: boolean): boolean {
    const { values } = this.configuration
    const address = isIP(name) === 0 ? this.known.get(name) : name
    const complain = (text: string) => {
      this.log.warning(`Warning: Could not create server TCP listening socket ${name}:${values.port}: ${text}`)
    }
    if (address === undefined) {
      complain('Name or service not known')
      return false
    }
    try {
      this.tcp.push(listenTcp(address, values.port, values['tcp-backlog'], this.accept))
      return true
    } catch (error) {
      complain(`bind: ${systemErrorText(error)}`)
      const code = systemErrorCode(error)
      return (isOptional && code === 'EADDRNOTAVAIL') || NO_SUCH_FAMILY.includes(code)
    }
  }

  private openUnix(): boolean {
    const { values } = this.configuration
    try {
      this.unix = listenUnix(values.unixsocket, values.unixsocketperm, values['tcp-backlog'], this.accept)
      return true
    } catch (error) {
      this.log.warning(`Failed opening Unix socket: bind: ${systemErrorText(error)}`)
      return false
    }
  }

  /** The kernel cuts a backlog to its own bound without a word. */
  private warnOfBacklog(): void {
    const wanted = this.configuration.values['tcp-backlog']
    let bound: number
    try {
      bound = Number.parseInt(readFileSync(SOMAXCONN, 'latin1'), 10)
    } catch {
      return
    }
    if (bound > 0 && bound < wanted) {
      this.log.warning(
        `WARNING: The TCP backlog setting of ${wanted} cannot be enforced because ${SOMAXCONN} is set to the lower ` +
          `value of ${bound}.`,
      )
    }
  }
}

const withoutDash = (word: string) => (word.startsWith('-') ? word.slice(1) : word)
