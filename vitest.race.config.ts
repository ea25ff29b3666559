/**
 * Suites of the runtime under the race detector: `npm run test:race`. The tests are instrumented, and the runtime below them reports its edges,
 * as for a user. A race that a test is about is accepted where it stands, by `// race-ok: why`.
 */
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { root } from './scripts/entries.mjs'
import type * as vite from './src/adapters/vite/index.js'
import { compileSources } from './test/native.js'
import base, { target } from './vitest.config.js'

await compileSources(fileURLToPath(root), target) // the plugin shares the engine with them
const plugin = new URL('reports/sources/adapters/vite/index.js', root).href
const { race } = (await import(plugin)) as typeof vite

/** Models beside the runtime, which all goroutines of a test step: they look from outside at who waits, in the turn of the operation. */
const models = [/\/naive-models\.ts/, /\/against-naive-models[\w-]*\.test\.ts/]

const suites = ['channel', 'context', 'groups', 'select', 'sync', 'time'].map((room) => `test/${room}/**/*.test.ts`)
/** The detector keeps the things of the last section that ran, here two channels: nothing may be kept at all. */
const testNamePattern = /^(?!a select does not keep the channels of its cases alive$)/

const { plugins = [], test } = base
export default defineConfig({
  ...base,
  plugins: [...plugins, race({ always: true, include: [/\/test\//], exclude: models })],
  test: { ...test, testNamePattern, include: suites, typecheck: { enabled: false }, outputFile: { json: 'reports/race-suite.json' } },
})
