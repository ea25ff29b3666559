/**
 * Random programs over the toolkit, each under a random schedule, with cancels at random steps, against the specifications of its parts
 * (test/programs/random). After a program nothing is parked, no timer is set, and each error was seen or reported late. A failure
 * prints a token: `INSTRUMENT` is the title of its test.
 *
 * PROGRAMS=100000 npx vitest run test/programs/random.test.ts tries more; SEED=… begins with other programs.
 */
import * as testing from 'millrace/testing'
import { expect, it } from 'vitest'
import { millrace } from '../model/library.js'
import { instruments } from './random/instruments.js'
import { explorePrograms } from './random/program.js'
import { sampleOf } from '../support/portion.js'

const env = (globalThis as { process?: NodeJS.Process }).process?.env ?? {} // a browser has none
const { PROGRAMS = env['MODE'] === 'nightly' ? '1000000' : String(sampleOf(10_000)), SEED = '1' } = env
const lib = { ...testing, ...millrace }
const names = Object.keys(instruments)
const schedules = Math.ceil(Number(PROGRAMS) / names.length)

it.each(names)(
  '%s keeps its specification in random programs',
  async (name) => {
    const others = Object.values(instruments)
    const { schedules: tried } = await explorePrograms(lib, instruments[name], others, {
      schedules,
      seed: Number(SEED),
      unperformed: false,
    })
    expect(tried).toBe(schedules)
  },
  14_400_000,
)
