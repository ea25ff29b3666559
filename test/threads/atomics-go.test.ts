/** Random programs over the boxes of integers, performed by Go too. Skipped where there is no Go. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { portionOf } from '../support/portion.js'
import { kinds, memories, performed, programOf, type Kind, type Operation } from './atomics.js'

const hasGo = spawnSync('go', ['version']).status === 0

const lineOf = (kind: Kind, program: readonly Operation[]): string => [kind, ...program.map((one) => one.join(','))].join(' ')

it.skipIf(!hasGo)('each box does what sync/atomic of Go does', { timeout: 300_000 }, () => {
  const programs = kinds.flatMap((kind) => fc.sample(programOf(kind), portionOf(500)).map((program) => ({ kind, program })))
  const input = programs.map(({ kind, program }) => lineOf(kind, program)).join('\n')
  const { status, stdout, stderr } = spawnSync('go', ['run', fileURLToPath(new URL('sync-atomic.go', import.meta.url))], {
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  const lines = stdout.trimEnd().split('\n')
  expect(lines).toHaveLength(programs.length)
  for (const [i, { kind, program }] of programs.entries())
    for (const memory of ['plain', 'shared'] as const)
      expect(performed(kind, memories[memory][kind](), program).join(' '), lineOf(kind, program)).toBe(lines[i])
})
