/** A bundle built with `esbuild --minify` prints the same dumps as one that is not. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, it } from 'vitest'

interface Printed {
  readonly stdout: string
  readonly stderr: string
}

const folder = mkdtempSync(join(tmpdir(), 'millrace-minified-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function printedBy(minify: boolean): Promise<Printed> {
  const outfile = join(folder, minify ? 'minified.mjs' : 'plain.mjs')
  const entry = fileURLToPath(new URL('programs/waiting.ts', import.meta.url))
  await build({ entryPoints: [entry], outfile, bundle: true, minify, platform: 'node', format: 'esm', target: 'es2022' })
  return new Promise((resolve) => {
    execFile(process.execPath, [outfile], { env: { NO_COLOR: '1' }, timeout: 30_000 }, (_error, stdout, stderr) =>
      resolve({ stdout, stderr }),
    )
  })
}

let plain: Printed
let minified: Printed
beforeAll(async () => {
  plain = await printedBy(false)
  minified = await printedBy(true)
}, 60_000)

/** Where a goroutine was started differs by position, and by names of functions, which a bundler may change. */
const withoutPlaces = (text: string) => text.replaceAll(/started at .*?(?= by goroutine|$)/gm, 'started at …')

it('the dump is the same word for word', () => {
  expect(plain.stdout).toContain('waits for mutex 1, held by bThenA#3, which waits for mutex 2\n')
  expect(plain.stdout).toContain('partial deadlock: aThenB#2 [sync.Mutex.Lock mutex 1] waits for bThenA#3')
  expect(withoutPlaces(minified.stdout)).toBe(withoutPlaces(plain.stdout))
})

it('the dump names no class and no private field', () => {
  const kinds = [...minified.stdout.matchAll(/^ {4}(?:waits for|holds) (.*?)(?:(?:;|, held by ).*)?$/gm)].flatMap(([, names]) =>
    names.split(', '),
  )
  const known =
    /^(?:(?:chan|mutex|rwMutex|semaphore|waitGroup|errgroup|pool|cond|once|context|timer|rateLimiter|promise) \d+|[a-zA-Z]+#\d+)$/
  expect(kinds.length).toBeGreaterThan(20)
  expect(kinds.filter((kind) => !known.test(kind))).toEqual([])
})

it('the deadlock report is the same word for word', () => {
  expect(plain.stderr).toMatch(/^fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 \[join of goroutine 2\]: program\n/)
  expect(minified.stderr).toBe(plain.stderr)
})

it('a place is the line of the program that called go', async () => {
  for (const [name, { stdout }] of [['plain', plain] as const, ['minified', minified] as const]) {
    const place = /: worker\n(?: {4}.*\n)* {4}started at file:.*:(\d+):(\d+) by goroutine 1$/m.exec(stdout)
    const lines = (await readFile(join(folder, `${name}.mjs`), 'utf8')).split('\n')
    const [line, column] = [Number(place?.[1]), Number(place?.[2])]
    expect(lines[line - 1]?.slice(0, column).slice(-60)).toContain('Object.entries(')
  }
})
