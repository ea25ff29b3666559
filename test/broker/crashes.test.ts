/** Explorations: a worker that crashes, a lost acknowledgement and a redelivery, at every point of a pipeline. */
import { background, sleep } from 'millrace'
import { byKey, memoryBroker, settle, type MemoryLink } from 'millrace/broker'
import { workerPool } from 'millrace/operators'
import { explore, replay, ScheduleError, type Trial } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { tap, type Observable } from 'rxjs'

const N = 6
const keyOf = (n: number): string => `k${n % 2}`

function* explored(trial: Trial, use: 'log' | 'queue', pipeline: (link: MemoryLink) => Observable<unknown>): Generator<never, void> {
  const broker = memoryBroker({ faults: trial, partitions: 2, lease: 300, window: 4 })
  for (let i = 0; i < N; i++) broker.publish('in', i, { key: keyOf(i) })
  yield* broker.work(background, 2, pipeline).join()
  const out = broker.messages('out').map(({ value }) => value as number)
  if (new Set(out).size < N) throw new Error(`lost: ${out.join(' ')}`)
  if (use === 'queue') return
  for (const key of ['k0', 'k1']) {
    const seen = new Set<number>()
    let last = -1
    for (const n of out.filter((m) => keyOf(m) === key)) {
      if (!seen.has(n) && n < last) throw new Error(`out of order: ${out.join(' ')}`)
      seen.add(n)
      last = Math.max(last, n)
    }
  }
}

const options = { schedules: 150, timers: 'when-idle', unperformed: false } as const

describe.each(['log', 'queue'] as const)('a %s', (use) => {
  const proof = (pipeline: (link: MemoryLink) => Observable<unknown>) =>
    function* (trial: Trial): Generator<never, void> {
      yield* explored(trial, use, pipeline)
    }

  it('loses nothing, wherever a worker crashes, an acknowledgement is lost, or a message comes twice', async () => {
    const pipeline = (link: MemoryLink) => link.from<number>({ [use]: 'in' }).pipe(byKey((d) => d.key, 2, (n) => n), link.to({ topic: 'out' }), settle()) // prettier-ignore
    expect((await explore(proof(pipeline), options)).schedules).toBe(150)
  })
  it('is found to lose messages, where they are settled before their effect, with a token', async () => {
    const early = proof((link) => link.from<number>({ [use]: 'in' }).pipe(byKey((d) => d.key, 2, (n) => n), tap((d) => d.done()), workerPool(1, (d) => sleep(1).map(() => d)), link.to({ topic: 'out' }))) // prettier-ignore
    const failed: unknown = await explore(early, options).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(ScheduleError)
    const { token, message } = failed as ScheduleError
    expect(message).toContain('lost: ')
    await expect(replay(token, early, { timers: 'when-idle', unperformed: false })).rejects.toThrow('lost: ')
  })
})
