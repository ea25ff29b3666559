/**
 * A load in five parts: steady clients; clients that leave soon; a greedy client; a crowd that comes at once; and, at the end, requests
 * that are under way when SIGTERM comes.
 */
import { fromPromise, scope, sleep, type Context, type Job, type Scope } from 'millrace'
import { fetchOp } from 'millrace/web'
import { random } from '../logs/random.js'
import type { Tally } from './report.js'

/** Requests a second, of clients that behave. */
const STEADY = 60
/** Each twentieth client leaves, after so many ms at most. */
const PATIENCE = 15
/** For each second of the load. */
const CROWD = 40
const GREEDY = 15
const LAST = 20

export function load(ctx: Context, origin: string, seconds: number, tally: Tally): Job<void> {
  return scope(ctx, function* everybody(s) {
    const client = clientOf(origin, tally)
    const steady = s.go(steadily, s, seconds, client)
    yield* sleep(seconds * 300)
    const crowd = Array.from({ length: CROWD * seconds }, (_, i) => s.go(client, `crowd-${i}`, null))
    yield* sleep(seconds * 300)
    const greedy = Array.from({ length: GREEDY * seconds }, () => s.go(client, 'greedy', null))
    for (const goroutine of [steady, ...crowd, ...greedy]) yield* goroutine.join()
    const last = Array.from({ length: LAST }, (_, i) => s.go(client, `last-${i}`, null))
    yield* sleep(3) // they are under way
    process.kill(process.pid, 'SIGTERM')
    for (const goroutine of last) yield* goroutine.join()
  })
}

type Client = (name: string, patience: number | null) => Generator<never, void>

function* steadily(s: Scope, seconds: number, client: Client): Generator<never, void> {
  const chance = random(7)
  const begun = performance.now()
  const sent = []
  for (let i = 0; i < STEADY * seconds; i++) {
    sent.push(s.go(client, `client-${i % 50}`, chance() < 0.05 ? chance() * PATIENCE : null))
    yield* sleep(Math.max(0, begun + ((i + 1) * 1000) / STEADY - performance.now()))
  }
  for (const goroutine of sent) yield* goroutine.join()
}

/** A client that asks once, and leaves when its patience, in ms, is over. */
function clientOf(origin: string, tally: Tally): Client {
  let asked = 0
  return function* client(name, patience) {
    const started = performance.now()
    const asking = fetchOp(`${origin}/products/${asked++}`, { headers: { 'x-client': name } })
    const end = yield* asking.timeout(patience ?? Infinity).attempt()
    if (end._tag === 'Right') yield* readAll(end.right)
    tally.add(end._tag === 'Right' ? String(end.right.status) : patience === null ? 'no response' : 'left', performance.now() - started)
  }
}

function* readAll(response: Response): Generator<never, void> {
  yield* fromPromise(response.arrayBuffer())
}
