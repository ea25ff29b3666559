import type { Dump } from 'millrace/testing'
import { expect, it } from 'vitest'
import { start } from './program.js'

/** The stderr of the program after a dump signal and a signal to end. */
async function dumped(format: 'text' | 'json'): Promise<string> {
  const { process: child, said, ended } = await start('dump-on-signal', format)
  await said('ready')
  child.kill('SIGUSR2')
  await new Promise((resolve) => child.stderr?.once('data', resolve))
  child.kill('SIGTERM')
  const { status, stderr } = await ended
  expect(status).toBe(0)
  return stderr
}

it('a signal prints the goroutines and what they wait for, and the program continues', async () => {
  const text = await dumped('text')
  expect(text).toMatch(
    /^2 goroutines\ngoroutine 1 \[sync\.Mutex\.Lock\]: both\n {4}waits for mutex 1, held by both#2, which waits for mutex 2\n/,
  )
  expect(text).toMatch(/started at .*dump-on-signal\.ts:\d+/)
  expect(text).toContain(
    'partial deadlock: both#1 [sync.Mutex.Lock mutex 1] waits for both#2 [sync.Mutex.Lock mutex 2], which waits for the first',
  )
})

it('a signal prints the same as JSON', async () => {
  const dump = JSON.parse(await dumped('json')) as Dump
  expect(dump).toMatchObject({ version: 1, cycles: [[1, 2]] })
  expect(dump.goroutines.map(({ name, waitsFor, holds }) => [name, waitsFor, holds.length])).toEqual([
    ['both', 'sync.Mutex.Lock', 1],
    ['both', 'sync.Mutex.Lock', 1],
  ])
})
