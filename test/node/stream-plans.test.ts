/**
 * Each border of Node under random plans, against a list: every chunk once and in order, the end after them, the error of
 * the source as the same object, and no run that stands still. `PLANS=20000 npx vitest run test/node/stream-plans.test.ts`
 * runs more of them.
 */
import { PassThrough } from 'node:stream'
import { pipeline as connected } from 'node:stream/promises'
import { background } from 'millrace'
import { receiverOf, senderOf } from 'millrace/node'
import { fromReadable, throughDuplex, toDuplex, toReadable, writeTo } from 'millrace/node/operators'
import { fromIterable, fromReceiver, run, workerPool } from 'millrace/operators'
import type { Observable } from 'rxjs'
import { expect, it } from 'vitest'
import { collected, received } from '../support/stream-plan.js'
import {
  channelOf,
  endOf,
  joined,
  planOf,
  readableOf,
  readAll,
  transformOf,
  turn,
  writableOf,
  type Chunk,
  type Plan,
} from './stream-plans.js'

const PLANS = Number(process.env['PLANS'] ?? 150)

/** Puts the chunks of the plan through a border, and notes those that come out. Resolves with the error, or null. */
type Border = (plan: Plan, got: Chunk[]) => Promise<unknown>

/** The chunks of the plan as a pipeline. */
function pipelineOf(plan: Plan): Observable<Chunk> {
  if (plan.end === 'error' || plan.random.below(2) === 0) return fromReceiver(channelOf(plan))
  return fromIterable(plan.chunks)
}

/** Writes the pipeline with `write`, and notes what comes to the sink. */
async function written(plan: Plan, got: Chunk[], write: (sink: ReturnType<typeof writableOf>) => PromiseLike<unknown>): Promise<unknown> {
  const sink = writableOf(plan, got, plan.leaves)
  const closed = endOf(sink)
  const [end] = await Promise.all([write(sink), closed])
  return got.length >= plan.leaves && end === plan.error ? null : end
}

const borders: Record<string, Border> = {
  fromReadable: (plan, got) => collected(plan, fromReadable<Chunk>(readableOf(plan)), got, turn),
  'fromReadable beside a listener of readable': (plan, got) => {
    const stream = readableOf(plan)
    stream.on('readable', () => {}).on('error', () => {}) // it reads from now on, and the pipeline begins in a later turn
    return collected(plan, fromReadable<Chunk>(stream), got, turn)
  },
  'fromReadable, unpiped before': (plan, got) => {
    const [stream, other] = [readableOf(plan), new PassThrough({ objectMode: plan.objectMode })]
    stream.pipe(other)
    stream.unpipe(other).on('error', () => {}) // it reads from now on, and the pipeline begins in a later turn
    return collected(plan, fromReadable<Chunk>(stream), got, turn)
  },
  receiverOf: (plan, got) => received(plan, receiverOf<Chunk>(readableOf(plan)), got, turn),
  'toReadable of a receiver': (plan, got) => readAll(plan, toReadable(channelOf(plan), optionsOf(plan)), got),
  'toReadable of a pipeline': (plan, got) => readAll(plan, toReadable(pipelineOf(plan), optionsOf(plan)), got),
  toDuplex: async (plan, got) => {
    const duplex = toDuplex((items: Observable<Chunk>) => items.pipe(workerPool(2, async (item) => (await turn(plan.random), item), { ordered: true })), optionsOf(plan)) // prettier-ignore
    const all = connected(readableOf(plan), duplex).then(() => null, (error: unknown) => error) // prettier-ignore
    const end = await readAll(plan, duplex, got)
    await all
    return end
  },
  throughDuplex: (plan, got) => collected(plan, pipelineOf(plan).pipe(throughDuplex<Chunk, Chunk>(() => transformOf(plan))), got, turn),
  writeTo: (plan, got) => written(plan, got, (sink) => run(background, pipelineOf(plan).pipe(writeTo(sink as never))).join().attempt().then((end) => (end._tag === 'Left' ? end.left : null))), // prettier-ignore
  senderOf: (plan, got) =>
    written(plan, got, async (sink) => {
      const out = senderOf<Chunk>(sink)
      try {
        for (const chunk of plan.chunks) {
          await out.send(chunk)
          await turn(plan.random)
        }
        out.close(plan.end === 'error' ? plan.error : undefined)
        if (plan.end === 'error') return plan.error
        await out.finished()
        return null
      } catch (error) {
        return error
      }
    }),
}

const optionsOf = ({ objectMode, highWaterMark }: Plan) => ({ objectMode, highWaterMark })

/** Turns of the host in which a plan ends, or stands still. */
const MANY = 5000

async function inTurns(end: Promise<unknown>): Promise<unknown> {
  let isOver = false
  const over = end.finally(() => (isOver = true))
  for (let n = 0; n < MANY && !isOver; n++) await new Promise((resolve) => setImmediate(resolve))
  return isOver ? over : 'stands still'
}

/** The fault of a run; null for a right one. */
async function faultOf(border: Border, seed: number): Promise<string | null> {
  const plan = planOf(seed)
  const got: Chunk[] = []
  const end = await inTurns(border(plan, got))
  const [text, whole] = [joined(plan, got), joined(plan, plan.chunks)]
  const says = (what: string): string => `seed ${seed}: ${what}; ${JSON.stringify({ ...plan, random: 0, text, whole, end: String(end) })}`
  if (!whole.startsWith(text)) return says('other chunks came out')
  if (end !== null && end !== plan.error) return says('another end')
  if (got.length >= plan.leaves) return null
  if ((end === plan.error) !== (plan.end === 'error')) return says('the wrong end')
  return end === null && text !== whole ? says('chunks are lost') : null
}

it.each(Object.entries(borders))('%s', async (_, border) => {
  const faults: string[] = []
  const first = Number(process.env['FIRST'] ?? 1)
  for (let seed = first; seed < first + PLANS && faults.length < 3; seed++) {
    const fault = await faultOf(border, seed)
    if (fault !== null) faults.push(fault)
  }
  expect(faults).toEqual([])
})
