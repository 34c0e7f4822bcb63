import { expect, test } from 'vitest'
import { Random } from '../../../test/support/random.ts'
import { Args } from '../../base/args.ts'
import { recycle, Transaction } from './transaction.ts'

const wordsOf = (args: Args) => Array.from({ length: args.count }, (_, i) => args.text(i))

test('queues keep what was queued while others run, end and are given up around them', () => {
  const random = new Random(5)
  const transactions = Array.from({ length: 5 }, () => new Transaction())
  const models: string[][][] = transactions.map(() => [])
  const queued = (i: number) => transactions[i].queue.map(({ args }) => wordsOf(args))
  for (let step = 0; step < 3000; step++) {
    const i = random.below(transactions.length)
    const transaction = transactions[i]
    if (random.chance(0.9)) {
      const count = random.pick([1, 2, 3, 20, 100])
      const words = Array.from({ length: count }, () => String.fromCharCode(97 + i).repeat(random.below(40)))
      if (random.chance(0.05)) words.push('x'.repeat(random.pick([1023, 1024, 1025, 5000])))
      transaction.enqueue(7, Args.of(...words))
      models[i].push(words)
    } else {
      const { queue } = transaction
      expect(queued(i)).toEqual(models[i])
      transaction.close()
      if (random.chance(0.7)) recycle(queue)
      expect(transaction.queue).toEqual([])
      models[i] = []
    }
    if (step % 50 === 0) transactions.forEach((_, each) => expect(queued(each)).toEqual(models[each]))
  }
})

test('what is recycled forgets its arguments', () => {
  const transaction = new Transaction()
  transaction.enqueue(1, Args.of('SET', 'key', 'value'))
  const { queue } = transaction
  transaction.close()
  recycle(queue)
  expect(queue[0].args).toMatchObject({ count: 0, located: false })
  expect(queue[0].args.bytes.length).toBe(0)
})
