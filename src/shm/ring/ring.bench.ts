/* What a record costs: `node src/shm/ring/ring.bench.ts [records, a multiple of 16]`. One thread pushing and popping
 * one by one, then in batches, then two threads. Prints nanoseconds per record and records per second. */

import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { RingConsumer, RingProducer, ringBytes } from './ring.ts'

const CAPACITY = 1 << 20

function pushAndPop(records: number, bytes: number): number {
  const buffer = new SharedArrayBuffer(ringBytes(CAPACITY))
  const producer = new RingProducer(buffer)
  const consumer = new RingConsumer(buffer)
  let sum = 0
  const start = process.hrtime.bigint()
  for (let i = 0; i < records; i++) {
    const to = producer.reserve(bytes)
    producer.i32[to >> 2] = i
    producer.commit(bytes)
    const from = consumer.next()
    sum += consumer.i32[from >> 2]
    consumer.advance()
  }
  const elapsed = Number(process.hrtime.bigint() - start)
  if (sum !== (records * (records - 1)) / 2) throw new Error('records were lost')
  return elapsed / records
}

function stageAndPop(records: number, bytes: number, batch: number): number {
  const buffer = new SharedArrayBuffer(ringBytes(CAPACITY))
  const producer = new RingProducer(buffer)
  const consumer = new RingConsumer(buffer)
  let sum = 0
  const start = process.hrtime.bigint()
  for (let i = 0; i < records; i += batch) {
    for (let k = 0; k < batch; k++) {
      const to = producer.reserve(bytes)
      producer.i32[to >> 2] = i + k
      producer.stage(bytes)
    }
    producer.publish()
    for (let from = consumer.next(); from >= 0; from = consumer.next()) {
      sum += consumer.i32[from >> 2]
      consumer.advance()
    }
  }
  const elapsed = Number(process.hrtime.bigint() - start)
  if (sum !== (records * (records - 1)) / 2) throw new Error('records were lost')
  return elapsed / records
}

function consume(buffer: SharedArrayBuffer, records: number): void {
  const consumer = new RingConsumer(buffer)
  for (let i = 0; i < records; ) {
    const from = consumer.next()
    if (from < 0) continue
    if (consumer.i32[from >> 2] !== i) throw new Error('records came out of order')
    consumer.advance()
    i++
  }
}

async function acrossThreads(records: number, bytes: number): Promise<number> {
  const buffer = new SharedArrayBuffer(ringBytes(CAPACITY))
  const worker = new Worker(new URL(import.meta.url), { workerData: { buffer, records } })
  await new Promise((resolve) => worker.once('message', resolve))
  const producer = new RingProducer(buffer)
  const start = process.hrtime.bigint()
  for (let i = 0; i < records; ) {
    const to = producer.reserve(bytes)
    if (to < 0) continue
    producer.i32[to >> 2] = i
    producer.commit(bytes)
    i++
  }
  while (!producer.isEmpty);
  const elapsed = Number(process.hrtime.bigint() - start)
  await worker.terminate()
  return elapsed / records
}

if (isMainThread) {
  const records = Number(process.argv[2] ?? 10_000_000)
  for (const bytes of [16, 64, 256]) {
    pushAndPop(100_000, bytes)
    const alone = pushAndPop(records, bytes)
    const staged = stageAndPop(records, bytes, 16)
    const across = await acrossThreads(records, bytes)
    console.log(
      `${bytes} bytes: push + pop on one thread ${alone.toFixed(1)} ns, ${staged.toFixed(1)} ns ` +
        `in batches of 16; across two threads ${across.toFixed(1)} ns a record, ${(1e3 / across).toFixed(1)} M/s`,
    )
  }
} else {
  parentPort?.postMessage('ready')
  consume(workerData.buffer, workerData.records)
}
