import { chan, go, sleep, ticker } from 'millrace'
import { explore } from 'millrace/testing'
import { expect, it } from 'vitest'
import { ScheduledRunner } from '../../src/testing/explore/scheduled-run.js'

function quiescence() {
  if (ScheduledRunner.current === null) throw new Error('there is no exploration')
  return ScheduledRunner.current.quiescence()
}

it('quiescence comes when nobody else can go on, by time neither; then that is no deadlock, under any schedule', async () => {
  const { isComplete } = await explore(
    function* () {
      const ch = chan<string>()
      let text = ''
      const blocked = go(function* () {
        yield* ch.receive()
        yield* ch.receive()
      })
      go(function* () {
        text += 'a'
        yield* sleep(100)
        text += 'b'
        yield* ch.send('')
        text += 'c'
      })
      yield* quiescence()
      expect(text).toBe('abc')
      blocked.cancel()
    },
    { strategy: 'exhaustive', preemptions: 3 },
  )
  expect(isComplete).toBe(true)
})

it('quiescence comes beside a ticker that nobody waits for, and as often as it is asked for', async () => {
  await explore(
    function* () {
      const ticks = ticker(10)
      for (let i = 0; i < 3; i++) yield* quiescence()
      ticks.stop()
    },
    { schedules: 100 },
  )
})

it('quiescence comes where async functions take part', async () => {
  await explore(
    async () => {
      const ch = chan<number>()
      const other = go(async () => {
        await Promise.resolve()
        await sleep(10)
        await ch.receive()
      })
      await quiescence()
      expect(await ch.send(1).attempt()).toMatchObject({ _tag: 'Right' })
      await other.join()
    },
    { schedules: 50 },
  )
})

it('without anybody who waits for quiescence, a deadlock is one', async () => {
  await expect(
    explore(function* () {
      yield* chan<number>().receive()
    }),
  ).rejects.toThrow('deadlock')
})
