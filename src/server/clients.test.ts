import { expect, test } from 'vitest'
import type { Clock } from '../base/ports.ts'
import type { Accepted } from '../io/socket/listener.ts'
import { Log } from '../observability/log.ts'
import { Clients, type ClientsHost } from './clients.ts'
import { Configuration } from './configuration/configuration.ts'
import { DefaultUser } from './default-user.ts'

const clock: Clock = { nowMs: () => 0, monotonicUs: () => 0 }

/** Clients of a server with these directives, which lets nobody's bytes in: only refusals can be tried. */
function refusing(...directives: [string, string][]): { clients: Clients; offer: (address: string) => boolean } {
  const configuration = new Configuration()
  for (const [name, value] of directives) expect(configuration.take(name, [value])).toBeNull()
  const defaultUser = new DefaultUser()
  defaultUser.setPassword(configuration.values.requirepass)
  const host = { configuration, defaultUser, log: new Log({ clock }) } as unknown as ClientsHost
  const clients = new Clients(host)
  const offer = (remoteAddress: string): boolean => {
    let isRefused = false
    const handle = {
      // No such descriptor: the last word is lost, which must not matter.
      fd: -1,
      close: () => {
        isRefused = true
      },
    }
    const accepted: Accepted = { handle, remote: `${remoteAddress}:1`, local: 'x:2', remoteAddress, isUnix: false }
    try {
      clients.accept(accepted)
    } catch {
      // It was let in, and there is no socket to let in.
    }
    return isRefused
  }
  return { clients, offer }
}

test('protected mode lets only this machine in while there is no password', () => {
  const { clients, offer } = refusing()
  expect(offer('192.0.2.7')).toBe(true)
  expect(offer('2001:db8::7')).toBe(true)
  expect(clients.rejected).toBe(2)
  for (const address of ['127.0.0.1', '127.1.2.3', '::1']) expect(offer(address)).toBe(false)
})

test('a password or protected-mode no opens the door', () => {
  expect(refusing(['requirepass', 'secret']).offer('192.0.2.7')).toBe(false)
  expect(refusing(['protected-mode', 'no']).offer('192.0.2.7')).toBe(false)
})

test('more than maxclients are too many wherever they come from', () => {
  const { clients, offer } = refusing(['maxclients', '1'])
  clients.sessions.set(1, {} as never)
  expect(offer('127.0.0.1')).toBe(true)
  expect(clients.rejected).toBe(1)
  expect(clients.received).toBe(0)
})
