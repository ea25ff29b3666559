/** Mains that wait for an event that cannot happen. */
import { background, chan, choose, go, never, select, sleep, withCancel, type Context } from 'millrace'
import { main } from 'millrace/node'
import { chosen } from './cases.js'

const nil = null as ReturnType<typeof chan<number>> | null

const bodies = {
  *receive() {
    yield* chan<number>().receive()
  },
  *send() {
    yield* chan<number>().send(1)
  },
  *fullSend() {
    const full = chan<number>(1)
    yield* full.send(1)
    yield* full.send(2)
  },
  *emptySelect() {
    yield* select({})
  },
  *nilCases() {
    yield* select({ receive: nil?.receive(), send: nil?.send(1), off: false })
  },
  *never() {
    yield* never()
  },
  *select() {
    yield* select({ a: chan<number>().receive(), b: chan<number>().send(1) })
  },
  *choose() {
    yield* choose(chan<number>().receive(), never())
  },
  *background() {
    yield* background.done()
  },
  *guarded(ctx: Context) {
    yield* chan<number>().receive().within(ctx)
  },
  *selectWithContext(ctx: Context) {
    yield* select({ done: ctx.done(), job: chan<number>().receive() })
  },
  *otherContext() {
    yield* withCancel(background).done()
  },
  async await() {
    await chan<number>().receive()
  },
  *join() {
    yield* go(function* stuck() {
      yield* chan<number>().receive()
    }).join()
  },
  /** Main waits for ever while the other goroutines run to their end: Go's Goexit in main. */
  *goexit() {
    go(function* worker() {
      yield* sleep(20)
      console.log('worker has ended')
    })
    yield* never()
  },
  *aged() {
    go(function* late() {
      yield* sleep(1100)
      yield* chan<number>().receive()
    })
    yield* chan<number>().receive()
  },
}

main(chosen<(ctx: Context) => Generator<never, void> | Promise<void>>(bodies))
