/** The program that each loader loads and runs; every namespace and every operator of the entry takes part. */
import { isRight, left, right } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { background, chan, type Context } from 'millrace'
import { chainPoolRTE, goroutine, mapE, mapLeftE, op, partitionE, receiver, workerPoolTE } from 'millrace/fp-ts'
import { collect, fromReceiver } from 'millrace/operators'
import { map } from 'rxjs'

const half =
  (n: number): TaskEither<string, number> =>
  async () =>
    n % 2 === 0 ? right(n / 2) : left(`odd ${n}`)

const jobs = chan<number>(8)
for (let n = 0; n < 8; n++) jobs.trySend(n)
jobs.close()

const program = pipe(
  (ctx: Context) =>
    collect(
      ctx,
      pipe(
        fromReceiver(
          pipe(
            jobs,
            receiver.filter((n) => n > 1),
          ),
        ),
        workerPoolTE(2, half, { ordered: true }),
        chainPoolRTE(2, (n) => () => half(n), { ordered: true }),
        mapE((n) => n * 10),
        mapLeftE((e) => e.toUpperCase()),
        partitionE(map(String), map(String)),
      ),
    ),
  goroutine.toReaderTaskEither(String),
)
const all = await goroutine.fromTaskEither(program(background)).join()
const looked = pipe(op.zero<number>(), op.toIO)()
console.log(looked._tag, isRight(all) ? all.right.join(', ') : all.left)
