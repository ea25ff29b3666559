/** The network is cut, and the disk of the server is full. Needs Linux, root and iproute2: elsewhere the suite says that it did not run. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { KillRun } from './run.js'
import { note } from './tallies.js'

const points = Number(process.env.KILLS ?? 2)
const LEASE = 1500
const WINDOW = 64
const SIZES = { partitions: 4, window: WINDOW, longest: 8, messages: 4000, keys: 50, lease: LEASE }

const ip = (...args: readonly string[]): void => void execFileSync('ip', args, { stdio: 'pipe' })

/** Whether this process may make namespaces and mounts. */
function isAllowed(): boolean {
  const name = `mr-try-${process.pid}`
  const folder = mkdtempSync(join(tmpdir(), 'millrace-try-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', folder], { stdio: 'pipe' })
    execFileSync('umount', [folder])
    ip('netns', 'add', name)
    ip('netns', 'del', name)
    return true
  } catch {
    return false
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A network namespace with a link to this one. */
class Namespace {
  static made = 0
  private readonly _n = ++Namespace.made
  readonly name = `mr${process.pid}-${this._n}`
  private readonly _link = `mrv${process.pid % 10_000}-${this._n}`
  /** This end of the link. */
  readonly host = `10.213.${this._n}.1`

  constructor() {
    ip('netns', 'add', this.name)
    ip('link', 'add', this._link, 'type', 'veth', 'peer', 'name', 'far', 'netns', this.name)
    ip('addr', 'add', `${this.host}/24`, 'dev', this._link)
    ip('link', 'set', this._link, 'up')
    ip('-n', this.name, 'addr', 'add', `10.213.${this._n}.2/24`, 'dev', 'far')
    ip('-n', this.name, 'link', 'set', 'far', 'up')
  }
  cut(): void {
    ip('-n', this.name, 'link', 'set', 'far', 'down')
  }
  heal(): void {
    ip('-n', this.name, 'link', 'set', 'far', 'up')
  }
  close(): void {
    ip('netns', 'del', this.name)
  }
}

const allowed = isAllowed()
if (!allowed) console.log('NOT RUN: no network namespaces and mounts here, so the network is not cut and no disk is full')

for (const use of ['log', 'queue'] as const)
  describe.concurrent(`cuts and a ${use} of NATS`, () => {
    for (let seed = 1; seed <= points; seed++) {
      const hasIds = seed % 2 === 0
      const row = (name: string): string => `${use}, ${hasIds ? 'with' : 'without'} ids: ${name}`

      it.runIf(allowed)(`the network of a worker is cut for half a lease to three: point ${seed}`, async () => {
        const namespace = new Namespace()
        try {
          const run = await KillRun.open({ ...SIZES, use, seed, hasIds, server: { host: namespace.host } })
          try {
            await Promise.all([run.begins(namespace.name), run.begins()])
            await run.reaches(0.05 + 0.6 * run.random())
            namespace.cut()
            await pause((0.5 + 2.5 * run.random()) * LEASE)
            namespace.heal()
            const tally = await run.finishes()
            note(row('the network is cut'), tally)
            expect(tally).toMatchObject({ lost: 0, ...(use === 'log' && { outOfOrder: 0 }) })
            const windows = (use === 'log' ? tally.takeovers : 1) * WINDOW
            expect(tally.duplicates).toBeLessThanOrEqual(hasIds ? 0 : windows + 256) // and the unconfirmed publishes of the worker
          } finally {
            await run.close()
          }
        } finally {
          namespace.close()
        }
      })
    }
  })

describe.runIf(allowed)('the disk of the server is full', () => {
  for (const use of ['log', 'queue'] as const)
    for (let seed = 1; seed <= points; seed++)
      it(`a ${use}: point ${seed}`, async () => {
        const folder = mkdtempSync(join(tmpdir(), 'millrace-full-'))
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', folder])
        const hasIds = seed % 2 === 0
        try {
          const run = await KillRun.open({ ...SIZES, use, seed, hasIds, server: { folder: mkdtempSync(join(folder, 'nats-')) } })
          try {
            await Promise.all([run.begins(), run.begins()])
            await run.reaches(0.05 + 0.6 * run.random())
            const filling = join(folder, 'filling')
            fill(filling)
            while (await run.stores()); // until the server refuses
            await pause(run.random() * 1000)
            rmSync(filling)
            const statuses = await run.healed()
            const tally = await run.finishes()
            note(`${use}, ${hasIds ? 'with' : 'without'} ids: the disk is full`, tally)
            console.log(`after the disk was full: ${statuses.join('; ') || 'all went on'}`)
            expect(tally).toMatchObject({ lost: 0, ...(use === 'log' && { outOfOrder: 0 }) })
          } finally {
            await run.close()
          }
        } finally {
          execFileSync('umount', ['-l', folder])
          rmSync(folder, { recursive: true })
        }
      })
})

function fill(path: string): void {
  try {
    writeFileSync(path, Buffer.alloc(32 << 20, 1))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}
