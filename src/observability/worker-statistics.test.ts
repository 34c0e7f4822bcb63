import { expect, test } from 'vitest'
import { Reply } from '../base/reply.ts'
import type { Session } from '../io/session/session.ts'
import { Statistics } from '../shard-worker/statistics.ts'
import { decodeControlFrame } from '../shm/schema/control.ts'
import { answerWithStatistics } from './all-statistics.ts'
import { fakeSession } from './testing.ts'
import { WorkerStatistics } from './worker-statistics.ts'

const COMMANDS = 4

/** Two workers whose answers the test sends on. */
class TestFleet {
  readonly workers = 2
  handedOver = 0
  readonly statistics = [new Statistics(COMMANDS), new Statistics(COMMANDS)]
  readonly asked: number[] = []

  ask(frame: Uint8Array): void {
    const request = decodeControlFrame(frame)
    if (request.type === 'StatisticsRequest') this.asked.push(request.id)
  }

  broadcast(frame: Uint8Array): void {
    if (decodeControlFrame(frame).type !== 'StatisticsReset') return
    for (const each of this.statistics) each.reset()
  }

  run(worker: number, command: number): void {
    this.handedOver++
    this.statistics[worker].timed(command, 10)
  }
}

function setUp() {
  const fleet = new TestFleet()
  const known = new WorkerStatistics(fleet)
  const answer = (worker: number, id = fleet.asked[0]) => known.receive(worker, fleet.statistics[worker].export(id))
  const calls = () => {
    const total = new Statistics(COMMANDS)
    known.addTo(total)
    return [...total.calls]
  }
  return { fleet, known, answer, calls }
}

test('nothing is asked while nothing was handed over', () => {
  const { fleet, known } = setUp()
  let done = 0
  known.refresh(() => done++)
  expect([done, fleet.asked]).toEqual([1, []])
})

test('a report waits for every worker, and those that ask meanwhile wait with it', () => {
  const { fleet, known, answer, calls } = setUp()
  fleet.run(0, 1)
  fleet.run(1, 1)
  fleet.run(1, 2)
  let done = 0
  known.refresh(() => done++)
  known.refresh(() => done++)
  expect(fleet.asked.length).toBe(1)
  answer(0)
  expect(done).toBe(0)
  answer(1)
  expect(done).toBe(2)
  expect(calls()).toEqual([0, 2, 1, 0])
  expect(known.isFresh).toBe(true)
})

test('what is handed over after a request takes another one', () => {
  const { fleet, known, answer } = setUp()
  fleet.run(0, 1)
  const done: string[] = []
  known.refresh(() => done.push('first'))
  fleet.run(0, 1)
  known.refresh(() => done.push('second'))
  expect(fleet.asked.length).toBe(2)
  answer(0)
  answer(1)
  expect(done).toEqual(['first'])
  for (const worker of [0, 1]) answer(worker, fleet.asked[1])
  expect(done).toEqual(['first', 'second'])
})

test('an answer from before a reset changes nothing, but lets its report go on', () => {
  const { fleet, known, answer, calls } = setUp()
  fleet.run(0, 1)
  let done = 0
  known.refresh(() => done++)
  const before = fleet.statistics[0].export(fleet.asked[0])
  known.reset()
  known.receive(0, before)
  answer(1)
  expect(done).toBe(1)
  expect(calls()).toEqual([0, 0, 0, 0])
})

/** Runs a report of the calls of each command; `answers` gets them when they are there. */
function report(session: Session, known: WorkerStatistics, own: Statistics): number[][] {
  const answers: number[][] = []
  const context = { workerStatistics: known, ownStatistics: () => own }
  answerWithStatistics(session, new Reply(), context, true, ({ calls }) => answers.push([...calls.slice(0, COMMANDS)]))
  return answers
}

test('a command answers when the workers have, with the figures of its own thread from when it ran', () => {
  const { fleet, known, answer } = setUp()
  const own = new Statistics(COMMANDS)
  own.timed(3, 1)
  fleet.run(1, 1)
  const defer: Session['defer'] = () => (write) => write(new Reply())
  const answers = report(fakeSession({ defer }), known, own)
  own.timed(3, 1)
  expect(answers).toEqual([])
  answer(0)
  answer(1)
  expect(answers).toEqual([[0, 1, 0, 1]])
})

test('inside EXEC a command answers at once with what is known', () => {
  const { fleet, known } = setUp()
  fleet.run(1, 1)
  const session = { transaction: { isRunning: true } } as Session
  expect(report(session, known, new Statistics(COMMANDS))).toEqual([[0, 0, 0, 0]])
})
