/** fromSelect: Go's for-select as a source. */
import { after, background, chan } from 'millrace'
import { collect, fromSelect } from 'millrace/operators'
import { type Observable, take, takeWhile } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { virtualTime } from '../support/virtual-time.js'

const all = <T>(pipeline: Observable<T>): Promise<T[]> => Promise.resolve(collect(background, pipeline).join())

describe('fromSelect', () => {
  it('is armed anew each round, with sends as cases, until make answers null', async () => {
    const jobs = chan<number>(1)
    const beats = chan<string>(1)
    let rounds = 0
    const seen = await all(
      fromSelect(() => {
        if (++rounds > 4) return null
        jobs.trySend(rounds)
        return { job: jobs.receive(), beat: rounds === 1 && beats.send('beat') }
      }),
    )
    expect(seen).toHaveLength(4)
    expect(seen.filter((r) => r.case === 'beat').length).toBe(beats.size)
  })
  it('times out by a case, again each round', async () => {
    using clock = virtualTime()
    const idle = all(fromSelect(() => ({ job: chan<number>().receive(), idle: after(10) })).pipe(take(2)))
    await clock.advance(20)
    expect((await idle).map((r) => r.case)).toEqual(['idle', 'idle'])
  })
  it('ends with takeWhile', async () => {
    const quit = chan<void>()
    quit.close()
    expect(await all(fromSelect(() => ({ quit: quit.receive() })).pipe(takeWhile((r) => r.case !== 'quit')))).toEqual([])
  })
})
