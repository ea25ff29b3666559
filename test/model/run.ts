/** The model suite: programs drawn from a seed, each run on the library and on the naive one, with everything looked over after each command. */
import fc from 'fast-check'
import { Hand } from './hand.js'
import { inspect } from './inspect.js'
import type { Library } from './library.js'
import { programs, type Program } from './program.js'
import { Tally } from './tally.js'
import { World } from './world.js'

/** Runs a program; wherever it yields, the run queue must have its turn. */
export function* execute(program: Program, world: World): Generator<void, void> {
  for (const command of program.commands) {
    const follow = world.carryOut(command)
    const needsTurn = world.needsTurn(command)
    if (needsTurn) yield
    follow()
    inspect(world)
    if (needsTurn) world.checkDeliveries()
    else if (!command.held) {
      yield
      world.checkDeliveries()
      inspect(world)
    }
  }
  yield* end(world)
}

/** Closes everything and stops everyone: only who named nothing that can be closed waits to the end. */
function* end(world: World): Generator<void, void> {
  for (const channel of world.channels) if (channel.naive.closed === null) world.close(channel, undefined)()
  for (const context of world.contexts) world.endContext(context)()
  inspect(world)
  yield
  world.checkDeliveries()
  for (const doing of world.open) if (doing.by !== 'await') world.stop(doing)()
  yield
  world.checkDeliveries()
  inspect(world)
}

/** Runs one program in this turn of the host. */
export function runProgram(library: Library, program: Program, tally = new Tally()): void {
  const hand = new Hand(library, program.seed)
  const { live } = library.queue
  try {
    for (const _ of execute(program, new World(library, program, tally, true))) hand.turn()
    if (library.queue.live !== live) throw new Error(`${library.queue.live - live} goroutines are left over`)
  } finally {
    hand.release()
  }
}

/** Runs one program as its users would: the run queue drains by itself, and `await` is an await. */
export async function runProgramFreely(library: Library, program: Program, settle: () => Promise<void>): Promise<void> {
  for (const _ of execute(program, new World(library, program, new Tally(), false))) await settle()
}

/** Throws at the first program on which the library differs from the naive one; fast-check shrinks it and prints seed and program. */
export function checkPrograms(library: Library, seed: number, runs: number, tally = new Tally(), shrinks = true): void {
  fc.assert(
    fc.property(programs, (program) => runProgram(library, program, tally)),
    { seed, numRuns: runs, endOnFailure: !shrinks },
  )
}
