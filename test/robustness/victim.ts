/* A client process that gets into the midst of something, says so, and waits to be killed: `victim.ts PORT WAY`. */

import net from 'node:net'
import { encodeCommand } from '../support/resp.ts'

const [port, way] = process.argv.slice(2)
const socket = net.connect({ host: '127.0.0.1', port: Number(port) })
const send = (...words: string[]) => socket.write(encodeCommand(words))
const ready = () => process.stdout.write('ready\n')
const FEW = 100
const MANY = 2000

/** Waits for this many bytes from the server. */
function receive(bytes: number): Promise<void> {
  return new Promise((resolve) => {
    let received = 0
    const count = (chunk: Buffer) => {
      received += chunk.length
      if (received < bytes) return
      socket.off('data', count)
      socket.pause()
      resolve()
    }
    socket.on('data', count)
  })
}

socket.once('connect', async () => {
  switch (way) {
    case 'half-header':
      send('PING')
      socket.write('*3\r\n$3\r\nSE')
      await receive(1)
      break
    case 'half-bulk':
      send('PING')
      socket.write(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$10000000\r\n${'x'.repeat(1_000_000)}`)
      await receive(1)
      break
    case 'multi':
      send('WATCH', 'a', 'b', 'c')
      send('MULTI')
      for (let i = 0; i < FEW; i++) send('SET', `multi:${i}`, 'x')
      await receive(1)
      break
    case 'watch':
      for (let i = 0; i < FEW; i++) send('WATCH', `watched:${i}`)
      await receive(1)
      break
    case 'huge-reply':
      // Reads a little of what it has asked for.
      for (let i = 0; i < FEW; i++) send('GET', 'large')
      await receive(100_000)
      break
    case 'pipeline':
      for (let i = 0; i < MANY; i++) send('SET', `pipeline:${i}`, 'x'.repeat(1000))
      await receive(1)
      break
    case 'barriers':
      for (let i = 0; i < MANY; i++) send('MSET', `b:${i}`, '1', `b:${i + 1}`, '2', `b:${i + 2}`, '3')
      await receive(1)
      break
    default:
      throw new Error(`no way ${way}`)
  }
  ready()
})
