/** Mains with every kind of end. */
import { sleep, withTimeout, type Context } from 'millrace'
import { main } from 'millrace/node'
import { chosen } from './cases.js'

const returning = (value: unknown) =>
  function* () {
    yield* sleep(1)
    return value as number
  }
const throwing = (error: unknown) =>
  function* () {
    yield* sleep(1)
    throw error
  }

class Refusal extends Error {
  override name = 'Refusal'
}

main(
  chosen<(ctx: Context) => Generator<never, number | void> | Promise<number | void> | number | void>({
    nothing: returning(undefined),
    seven: returning(7),
    zero: returning(0),
    most: returning(255),
    over: returning(256),
    negative: returning(-1),
    fraction: returning(1.5),
    text: returning('1'),
    null: returning(null),
    *exitCode() {
      process.exitCode = 3
    },
    *zeroOverExitCode() {
      process.exitCode = 3
      return 0
    },
    plain: () => 4,
    async: async () => 5,
    throws: throwing(new Refusal('no', { cause: new Error('because', { cause: 'of this' }) })),
    throwsText: throwing('just text'),
    throwsNothing: throwing(undefined),
    plainThrows() {
      throw new Error('plainly')
    },
    async rejects() {
      throw new Error('asynchronously')
    },
    *deadline(ctx) {
      yield* sleep(10_000).within(withTimeout(ctx, 1))
    },
  }),
)
