import { chan, go, setProbe, type Observed, type Probe } from 'millrace'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { joinProbe, GoroutineTable, oncePerDrain } from '../../src/runtime/internal.js'
import { hostTurn, settle } from '../support/settle.js'

let before: Probe | null
beforeEach(() => void (before = setProbe(null)))
afterEach(() => void setProbe(before))

function* receive(ch: ReturnType<typeof chan<number>>) {
  yield* ch.receive()
}

function tableOfAll(): GoroutineTable {
  const now = () => performance.now()
  const table = new GoroutineTable(now, oncePerDrain(now))
  joinProbe(table)
  return table
}

const idsOf = (goroutines: readonly Observed[]) => goroutines.map(({ id }) => id)
const pagesOf = (table: GoroutineTable) => (table as unknown as { _pages: Map<number, unknown> })._pages.size

it('the table has the goroutines that have not ended, in order of their ids', async () => {
  const table = tableOfAll()
  const [a, b] = [chan<number>(), chan<number>()]
  const parked = Array.from({ length: 600 }, (_, i) => go(receive, i % 2 === 0 ? a : b))
  expect(idsOf(table.live())).toEqual(idsOf(parked))
  await settle()
  a.close()
  await settle()
  expect(idsOf(table.live())).toEqual(idsOf(parked.filter((_, i) => i % 2 === 1)))
  expect(table.size).toBe(300)
  b.close()
  await settle()
  expect(table.live()).toEqual([])
  expect(table.size).toBe(0)
})

it('the table drops a page whose goroutines have all ended', async () => {
  const table = tableOfAll()
  const ch = chan<number>()
  go(receive, ch)
  for (let i = 0; i < 10_000; i++) await go(() => {}).join()
  expect(table.size).toBe(1)
  expect(pagesOf(table)).toBeLessThanOrEqual(2) // that of the one parked, and the one that fills up
  ch.close()
  await settle()
  expect(pagesOf(table)).toBeLessThanOrEqual(1)
})

it('the table ignores goroutines started before it', async () => {
  const ch = chan<number>()
  go(receive, ch)
  const parksLater = go(receive, ch)
  const table = tableOfAll()
  await settle()
  expect(table.live()).toEqual([])
  expect(table.waited(parksLater)).toBe(0)
  ch.close()
  await settle()
  expect(table.size).toBe(0)
  expect(pagesOf(table)).toBe(0)
})

it('the table knows since when a goroutine waits, and nothing before it waits', async () => {
  const table = tableOfAll()
  const ch = chan<number>()
  const goroutine = go(receive, ch)
  expect(table.waited(goroutine)).toBe(0)
  await settle()
  const tick = async () => {
    for (const now = performance.now(); performance.now() === now;) await hostTurn() // a browser's clock is coarse
  }
  await tick()
  const first = table.waited(goroutine)
  expect(first).toBeGreaterThan(0)
  await tick()
  expect(table.waited(goroutine)).toBeGreaterThan(first)
  ch.close()
  await settle()
})

it('the table forwards every event to the probe that was set before it', async () => {
  const events: string[] = []
  class Earlier implements Probe {
    #log(event: string): void {
      events.push(event)
    }
    spawn = ({ name }: Observed) => this.#log(`spawn ${name}`)
    park({ name }: Observed, on: string) {
      this.#log(`park ${name} on ${on}`)
    }
    wake({ name }: Observed) {
      this.#log(`wake ${name}`)
    }
    end({ name }: Observed) {
      this.#log(`end ${name}`)
    }
    cancel({ name }: Observed) {
      this.#log(`cancel ${name}`)
    }
    send() {
      this.#log('send')
    }
    receive() {
      this.#log('receive')
    }
    close() {
      this.#log('close')
    }
  }
  setProbe(new Earlier())
  const table = tableOfAll()
  const ch = chan<number>()
  go(receive, ch)
  const second = go(receive, ch)
  await settle()
  ch.trySend(1)
  second.cancel()
  await settle()
  ch.close()
  expect(events).toEqual([
    'spawn receive',
    'spawn receive',
    'park receive on chan receive',
    'park receive on chan receive',
    'send',
    'receive',
    'wake receive',
    'cancel receive',
    'end receive',
    'end receive',
    'close',
  ])
  expect(table.size).toBe(0)
})
