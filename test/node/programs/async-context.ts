/** Two requests with a store each, and the goroutines that they start and wake. Prints the stores that each saw. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { chan, go, gosched, sleep, waitGroup, type Chan } from 'millrace'
import { keepAsyncContext } from 'millrace/node'

const request = new AsyncLocalStorage<string>()
const trace = new AsyncLocalStorage<number>()
const seen: Record<string, unknown[]> = {}
const look = (name: string) => (seen[name] ??= []).push(request.getStore() ?? null, trace.getStore() ?? null)
const all = waitGroup()
await new Promise((resolve) => setTimeout(resolve, 10)) // Deno and Bun have no neutral context in the first turn

function* talker(name: string, to: Chan<number>, from: Chan<number>) {
  look(name)
  try {
    for (let i = 0; i < 3; i++) {
      if (name === 'a') yield* to.send(i)
      yield* from.receive()
      look(name)
      if (name === 'b') yield* to.send(i)
    }
    yield* sleep(1)
    look(name)
    yield* gosched()
    all.go(function* () {
      look(`${name}'s child`)
    })
    request.run(`${name}, inside`, () => all.go(() => void look(`${name}'s inner child`)))
  } finally {
    look(name)
  }
}

all.go(function* () {
  look('early')
  yield* sleep(5)
  look('early')
})
if (process.argv[2] === 'keep') {
  keepAsyncContext()
  keepAsyncContext()
}

const ab = chan<number>()
const ba = chan<number>()
request.run('A', () => trace.run(1, () => all.go(talker, 'a', ab, ba)))
request.run('B', () => {
  all.go(talker, 'b', ba, ab)
  all.go(async () => {
    look('async')
    await sleep(2)
    look('async')
  })
  const canceled = go(function* () {
    setTimeout(() => request.run('someone else', () => canceled.cancel()), 2) // later, since a goroutine canceled before its start never runs
    try {
      yield* sleep(10_000)
    } finally {
      look('canceled')
      yield* sleep(1)
      look('canceled')
    }
  })
  all.go(() => canceled.join().attempt())
})
all.go(function* () {
  look('outside')
})
await all.wait()
await sleep(20)
console.log(JSON.stringify(seen))
