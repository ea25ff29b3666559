/** The hooks and probes of `millrace`: the program under them goes on, and their errors go to the host. */
import { addProbe, background, chan, go, mutex, onCrash, onLateFailure, select, setProbe, sleep, waitGroup, withCancel, type Probe } from 'millrace' // prettier-ignore
import type { Bad, Rows } from './kinds.js'

type Event = keyof Probe

/** A program with every event of a probe. Its result is the same with and without a probe. */
async function eventful(): Promise<void> {
  const [numbers, lock, group, ctx] = [chan<number>(), mutex(), waitGroup(), withCancel(background)]
  const waits = go(function* () {
    yield* sleep(1000)
  })
  const seen: unknown[] = []
  group.add(1)
  go(function* () {
    for (let i = 0; i < 2; i++) {
      const message = yield* numbers.receive()
      if (message._tag === 'Some') seen.push(message.value)
    }
    group.done()
  })
  {
    using _guard = await lock.lock()
    await numbers.send(1)
  }
  await select({ sent: numbers.send(2), stop: ctx.done() })
  await group.wait()
  group.add(1)
  group.done()
  numbers.close()
  try {
    numbers.close()
  } catch (error) {
    seen.push((error as Error).message)
  }
  waits.cancel()
  ctx.cancel()
  await waits.join().attempt()
  if (seen.join() !== '1,2,close of closed channel' || !lock.tryLock() || lock.tryLock()) throw new Error(`another result: ${seen.join()}`)
}

const events: readonly Event[] = ['spawn', 'park', 'wake', 'end', 'cancel', 'cancelContext', 'send', 'receive', 'close', 'closeTwice', 'lock', 'unlock', 'add', 'lateAdd', 'wait', 'make', 'perform', 'attempt'] // prettier-ignore

const added = (probe: Probe) => async () => {
  const remove = addProbe(probe)
  try {
    await eventful()
  } finally {
    remove()
  }
}

async function set(probe: Probe): Promise<void> {
  const before = setProbe(probe)
  try {
    await eventful()
  } finally {
    setProbe(before)
  }
}

async function failed(isLate: boolean): Promise<void> {
  const gate = chan<void>()
  const goroutine = go(async () => {
    await gate.receive()
    throw new Error('failed')
  })
  await sleep(0)
  if (isLate) goroutine.cancel()
  gate.close()
  await sleep(5)
}

export const hooks: Rows = {
  ...Object.fromEntries(events.map((event) => [`addProbe(probe): ${event}`, (f: Bad) => added({ [event]: f })()])),
  'addProbe(probe): all events, twice': (f) => {
    const probe = Object.fromEntries(events.map((event) => [event, f]))
    const remove = addProbe(probe)
    return added(probe)().finally(remove)
  },
  ...Object.fromEntries(events.map((event) => [`setProbe(probe): ${event}`, (f: Bad) => set({ [event]: f })])),
  'setProbe(probe): getters': (f) => set(Object.defineProperties({}, Object.fromEntries(events.map((event) => [event, { get: f }])))),
  'onCrash(hook)': (f, cleanUp) => (cleanUp(onCrash(f)), failed(false)),
  'onLateFailure(hook)': (f, cleanUp) => (cleanUp(onLateFailure(f)), failed(true)),
}
