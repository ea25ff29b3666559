/**
 * Suites under the race detector: `npm run test:race`. The tests are instrumented, and the package below them reports its edges, as for a user.
 * A race that a test is about is accepted where it stands, by `// race-ok: why`.
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
/** The sources report their edges. Where a test loads them a second time, in vitest's own modules, they are no code of a user either. */
const sources = new RegExp(`^${fileURLToPath(new URL('src/', root))}`)

const runtime = ['base', 'channel', 'context', 'diagnostics', 'goroutine', 'groups', 'operation', 'select', 'sync', 'time']
const rooms = [...runtime, 'broker', 'fast-check', 'fp-ts', 'node', 'operators', 'text', 'web']
/**
 * Other rooms: `goker`, `testing`, `programs`, `pipelines` and `laws` run programs that are wrong on purpose, or drawn at random, and `model` observes
 * from outside; `instrument` and `vite` are about the detector itself; `scheduler` puts
 * other functions in place of the host's, which the detector has loaded before; the rest starts no goroutine, or starts them in other processes and threads.
 */
const left = [
  // Programs that are wrong on purpose, or drawn at random: their closes meet sends, and their updates are lost.
  ...['channel-program', 'linearizable', 'schedule'].map((name) => `test/fast-check/${name}.test.ts`),
  'test/base/clock.test.ts', // as `scheduler`
  // 20,000 items in each shape of a pipeline: as long as all other suites of operators together.
  'test/operators/matrix.test.ts',
]

const { plugins = [], test } = base
const detector = race({ always: true, include: [/\/test\//], exclude: [...models, sources] })
/** `--mode plain`: the same tests without the detector, to compare. */
export default defineConfig(({ mode }) => ({
  ...base,
  plugins: mode === 'plain' ? plugins : [...plugins, detector],
  test: {
    ...test,
    include: rooms.map((room) => `test/${room}/**/*.test.ts`),
    exclude: [...(test?.exclude ?? []), ...left],
    provide: { ...test?.provide, sample: 0.05 }, // each step costs several times as much
    typecheck: { enabled: false },
    outputFile: { json: 'reports/race-suite.json' },
  },
}))
