/** Sets timers of an hour in every way, and stops each of them; others never fire. */
import { after, afterFunc, background, chan, fromSignal, go, newTimer, select, sleep, ticker, withCancel, withTimeout } from 'millrace'

const HOUR = 3_600_000

const sleeper = go(function* () {
  yield* sleep(HOUR)
})
const ch = chan<number>(1)
const selecting = go(function* () {
  return yield* select({ value: ch.receive(), timeout: after(HOUR) })
})
const waiting = go(() => newTimer(Infinity).fired())
const timer = newTimer(HOUR)
timer.reset(2 * HOUR)
const ticks = ticker(HOUR)
ticks.reset(2 * HOUR)
const parent = withCancel(background)
const timed = withTimeout(parent, HOUR)
const stop = afterFunc(withTimeout(parent, HOUR), () => console.log('never'))
const within = go(function* () {
  yield* chan().receive().within(timed)
})
const joined = within.join().attempt()
fromSignal(new AbortController().signal)
void waiting

setTimeout(() => {
  sleeper.cancel()
  ch.trySend(1)
  timer.stop()
  ticks.stop()
  stop()
  parent.cancel()
  go(function* () {
    yield* selecting.join()
    yield* joined
    console.log('all called off')
  })
}, 20)
