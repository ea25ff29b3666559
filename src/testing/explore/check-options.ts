/** Checks of the options of explorations and of single runs. */
import { checkCount, checkFlag, checkInterval, checkOneOf, checkRecord, mistyped, outOfRange } from '../../runtime/internal.js'
import { checkRaceOption } from '../race/index.js'
import type { ExploreOptions, ReplayOptions } from './explore.js'

const OF_RUNS = ['steps', 'unperformed', 'ownedLocks', 'waitGroups', 'timers', 'cancel', 'race']
const OF_EXPLORATIONS = ['schedules', 'strategy', 'seed', 'depth', 'preemptions', 'time', 'signal', 'hits']

/** `call` is the call up to its options: `replay(token, program, `. */
export function checkRun(call: string, options: ReplayOptions, more: readonly string[] = []): void {
  checkRecord(`${call}options)`, 'a record of options', options, [...OF_RUNS, ...more])
  const { steps = 1, unperformed, ownedLocks, waitGroups, timers = 'any-time', cancel } = options
  checkCount(`${call}{ steps })`, 1, steps)
  for (const [name, flag] of Object.entries({ unperformed, ownedLocks, waitGroups })) checkFlag(`${call}{ ${name} })`, flag)
  checkOneOf(`${call}{ timers })`, ['any-time', 'when-idle'], timers)
  checkRaceOption(`${call}{ race })`, options.race)
  if (cancel !== undefined && typeof cancel !== 'boolean' && typeof cancel !== 'function')
    throw mistyped(`${call}{ cancel })`, 'a boolean or a function', cancel)
}

export function checkExploration(options: ExploreOptions): void {
  const call = 'explore(program, '
  checkRun(call, options, OF_EXPLORATIONS)
  const { schedules = 1, seed = 1, depth = 1, preemptions = 0, strategy = 'mixed', time = Infinity, signal, hits } = options
  checkCount(`${call}{ schedules })`, 1, schedules)
  checkSeed(`${call}{ seed })`, seed)
  checkOneOf(`${call}{ strategy })`, ['mixed', 'random', 'pct', 'pos', 'exhaustive', 'reduced', 'first-in'], strategy)
  if (strategy === 'reduced' && options.cancel !== undefined && options.cancel !== false)
    throw outOfRange(`${call}{ strategy: 'reduced', cancel })`, 'no cancel', options.cancel)
  checkCount(`${call}{ depth })`, 1, depth)
  checkCount(`${call}{ preemptions })`, 0, preemptions)
  checkInterval(`${call}{ time })`, time)
  checkFlag(`${call}{ hits })`, hits)
  checkSignal(`${call}{ signal })`, signal)
}

export function checkSeed(where: string, seed: number): void {
  if (typeof seed !== 'number') throw mistyped(where, 'a whole number', seed)
  if (!Number.isSafeInteger(seed)) throw outOfRange(where, 'a whole number', seed)
}

function checkSignal(where: string, signal: AbortSignal | undefined): void {
  const it = signal as Partial<AbortSignal> | null | undefined // a caller in JavaScript may pass any value
  if (it !== undefined && typeof it?.throwIfAborted !== 'function') throw mistyped(where, 'an AbortSignal', signal)
}
