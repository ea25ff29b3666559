/** The network is cut, and the disk of the server is full. Needs Linux, root and iproute2: elsewhere the suite says that it did not run. */
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { pointsOf, type KillEngine } from './engine.js'
import { Disk, mayCut, Namespace } from './place.js'
import { KillRun, type RunOptions } from './run.js'
import { note } from './tallies.js'

const LEASE = 1500
const WINDOW = 64

const allowed = mayCut()
if (!allowed) console.log('NOT RUN: no network namespaces and mounts here, so the network is not cut and no disk is full')

/** The rows of an engine with a cut network. */
export function cuts(engine: KillEngine): void {
  for (const use of engine.uses)
    describe.runIf(allowed).concurrent(`cuts and a ${use} of ${engine.name}`, () => {
      for (let seed = 1; seed <= pointsOf(engine); seed++)
        it(`the network of a worker is cut for half a lease to three: point ${seed}`, () => isCut(engine, optionsOf(engine, use, seed)))
    })
}

/** The rows of an engine with a full disk. */
export function fullDisks(engine: KillEngine): void {
  for (const use of engine.uses)
    describe.runIf(allowed)(`a full disk and a ${use} of ${engine.name}`, () => {
      for (let seed = 1; seed <= pointsOf(engine); seed++)
        it(`the disk of the server is full: point ${seed}`, () => isFull(engine, optionsOf(engine, use, seed)))
    })
}

function optionsOf(engine: KillEngine, use: 'log' | 'queue', seed: number): RunOptions {
  const sizes = { partitions: 4, window: WINDOW, longest: 20, messages: 4000, keys: 50, lease: LEASE }
  return { ...sizes, use, seed, hasIds: engine.hasIds && seed % 2 === 0 }
}

const rowOf = ({ use, hasIds }: RunOptions, name: string): string => `${use}, ${hasIds ? 'with' : 'without'} ids: ${name}`

async function isCut(engine: KillEngine, options: RunOptions): Promise<void> {
  const namespace = new Namespace()
  try {
    const run = await KillRun.open(engine, { ...options, server: { host: namespace.host } })
    try {
      await Promise.all([run.begins(namespace.name), run.begins()])
      await run.reaches(0.05 + 0.6 * run.random())
      await run.isShared()
      namespace.cut()
      await pause((0.5 + 2.5 * run.random()) * LEASE)
      namespace.heal()
      const tally = await run.finishes()
      note(rowOf(options, 'the network is cut'), tally)
      expect(tally).toMatchObject({ lost: 0, ...(options.use === 'log' && { outOfOrder: 0 }) })
      const windows = (options.use === 'log' ? tally.takeovers : 1) * WINDOW
      expect(tally.duplicates).toBeLessThanOrEqual(options.hasIds ? 0 : windows + engine.unconfirmed)
    } finally {
      await run.close()
    }
  } finally {
    namespace.close()
  }
}

async function isFull(engine: KillEngine, options: RunOptions): Promise<void> {
  const disk = new Disk(engine.disk)
  try {
    const run = await KillRun.open(engine, { ...options, server: { folder: disk.folder() } })
    try {
      await Promise.all([run.begins(), run.begins()])
      await run.reaches(0.05 + 0.6 * run.random())
      disk.fill()
      while (await run.server.stores()); // until the server refuses
      await pause(run.random() * 1000)
      disk.free()
      const statuses = await run.healed()
      const tally = await run.finishes()
      note(rowOf(options, `the disk of ${engine.name} is full`), tally)
      console.log(`after the disk was full: ${statuses.join('; ') || 'all went on'}`)
      expect(tally).toMatchObject({ lost: 0, ...(options.use === 'log' && { outOfOrder: 0 }) })
      if (options.hasIds) expect(tally.duplicates).toBe(0)
    } finally {
      await run.close()
    }
  } finally {
    disk.close()
  }
}
