/** Programs that resemble a deadlock, and end normally. */
import { chan, go, never, sleep } from 'millrace'
import { main } from 'millrace/node'
import { chosen } from './cases.js'

const ch = chan<string>()

function* receive() {
  const message = yield* ch.receive()
  if (message._tag === 'Some') console.log(message.value)
}

function* stuck() {
  yield* never()
}

/** Calls `f` once, when the event loop would end. */
const once = (f: () => void) => void process.once('beforeExit', f)
const later = () => void setTimeout(() => void ch.trySend('revived'), 20)

chosen<() => void>({
  sleep() {
    go(function* () {
      yield* sleep(50)
      yield* ch.send('slept')
    })
    main(receive)
  },
  hostTimer() {
    setTimeout(() => void ch.trySend('timer'), 50)
    main(receive)
  },
  promise() {
    main(async () => {
      await new Promise((resolve) => setTimeout(resolve, 50))
      console.log('promise')
    })
  },
  mainHasReturned() {
    main(function* () {
      go(stuck)
      go(async function stuckToo() {
        await never()
      })
      console.log('returned')
    })
  },
  noMain() {
    go(stuck)
    console.log('no main')
  },
  revivedByOneBefore() {
    once(later)
    main(receive)
  },
  revivedByOneAfter() {
    main(receive)
    once(later)
  },
  wokenByListener() {
    main(receive)
    once(() => void ch.trySend('woken'))
  },
  revivedForNothing() {
    main(stuck)
    once(() => void setTimeout(() => console.log('one more turn'), 20))
  },
  exitInMain() {
    main(function* () {
      go(stuck)
      console.log('exiting')
      process.exit(7)
      yield* never()
    })
  },
  exitByListener() {
    main(stuck)
    once(() => process.exit(7))
  },
  exitByListenerInPassing() {
    main(stuck)
    once(() => void Promise.resolve().then(() => process.exit(7)))
  },
  exitByNoisyListener() {
    main(stuck)
    Error.stackTraceLimit = 0
    once(() => process.exit())
  },
  listenerThrows() {
    main(stuck)
    once(() => {
      throw new Error('from a listener')
    })
  },
})()
