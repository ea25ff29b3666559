/** The network is cut, and the disk of the server is full. Needs Linux, root and iproute2: elsewhere the suite says that it did not run. */
import { setTimeout as pause } from 'node:timers/promises'
import { describe, it } from 'vitest'
import { seedsOf, type KillEngine } from './engine.js'
import { Disk, mayCut, Namespace } from './place.js'
import { KillRun, type Counted, type RunOptions } from './run.js'
import { holds } from './tallies.js'

const LEASE = 1500
const WINDOW = 64

export const allowed = mayCut()
if (!allowed) console.log('NOT RUN: no network namespaces and mounts here, so the network is not cut and no disk is full')

/** The rows of an engine with a cut network. */
export function cuts(engine: KillEngine): void {
  for (const use of engine.uses)
    describe.runIf(allowed).concurrent(`cuts and a ${use} of ${engine.name}`, () => {
      for (const seed of seedsOf(engine))
        it(`the network of a worker is cut for half a lease to three: point ${seed}`, () => isCut(engine, optionsOf(engine, use, seed)))
    })
}

/** The rows of an engine with a full disk. */
export function fullDisks(engine: KillEngine): void {
  for (const use of engine.uses)
    describe.runIf(allowed)(`a full disk and a ${use} of ${engine.name}`, () => {
      for (const seed of seedsOf(engine))
        it(`the disk of the server is full: point ${seed}`, () => isFull(engine, optionsOf(engine, use, seed)))
    })
}

export function optionsOf(engine: KillEngine, use: 'log' | 'queue', seed: number): RunOptions {
  const sizes = { partitions: 4, window: WINDOW, longest: 20, messages: 4000, keys: 50, lease: LEASE }
  return { ...sizes, use, seed, hasIds: engine.hasIds && seed % 2 === 0 }
}

async function isCut(engine: KillEngine, options: RunOptions): Promise<void> {
  holds(engine.name, options.use, 'the network is cut', await countedWhenCut(engine, options))
}

async function isFull(engine: KillEngine, options: RunOptions): Promise<void> {
  holds(engine.name, options.use, `the disk of ${engine.name} is full`, await countedWhenFull(engine, options))
}

export async function countedWhenCut(engine: KillEngine, options: RunOptions): Promise<Counted> {
  const namespace = new Namespace()
  try {
    return await KillRun.of(engine, { ...options, server: { host: namespace.host } }, async (run) => {
      await Promise.all([run.begins(namespace.name), run.begins()])
      await run.reaches(0.05 + 0.6 * run.random())
      await run.isShared()
      namespace.cut()
      await pause((0.5 + 2.5 * run.random()) * LEASE)
      namespace.heal()
      const tally = await run.finishes()
      const windows = (options.use === 'log' ? tally.takeovers : 1) * WINDOW
      return { tally, most: options.hasIds ? 0 : windows + engine.unconfirmed, hasIds: options.hasIds }
    })
  } finally {
    namespace.close()
  }
}

export async function countedWhenFull(engine: KillEngine, options: RunOptions): Promise<Counted> {
  const disk = new Disk(engine.disk)
  try {
    return await KillRun.of(engine, { ...options, server: { folder: disk.folder() } }, async (run) => {
      await Promise.all([run.begins(), run.begins()])
      await run.reaches(0.05 + 0.6 * run.random())
      await run.isUnderWay()
      disk.fill()
      while (await run.server.stores()); // until the server refuses
      await pause(run.random() * 1000)
      disk.free()
      const statuses = await run.healed()
      const tally = await run.finishes()
      console.log(`after the disk was full: ${statuses.join('; ') || 'all went on'}`)
      return { tally, most: options.hasIds ? 0 : Infinity, hasIds: options.hasIds }
    })
  } finally {
    disk.close()
  }
}
