import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { entries, root } from './scripts/entries.mjs'
import { nativeSources } from './test/native.js'
import { aloneFirst, sharedProcesses } from './test/processes.js'

/** In `npm test` a few long suites (random programs, seeded faults) run a sample; .ci/run runs these in full, as a step of their own. */
const { SAMPLE = '0.2' } = process.env
export const target = 'es2022' // `using` is lowered: Node 20 does not parse it

// The unit suites: on the sources, so no build is needed, and without network. test/examples and test/programs/service have
// configurations of their own.
export default defineConfig({
  resolve: {
    alias: entries.map(({ specifier, source }) => ({
      find: new RegExp(`^${specifier}$`),
      replacement: fileURLToPath(new URL(source, root)),
    })),
  },
  esbuild: { target },
  plugins: [nativeSources(fileURLToPath(root), target), aloneFirst],
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/examples/**', 'test/brokers/**', 'test/consumers/**', 'test/programs/service/**', '**/node_modules/**'],
    // Types are tested where the tests are: *.test-d.ts runs through tsc, and its titles count like any other.
    // Errors elsewhere are the business of `npm run typecheck`.
    typecheck: { enabled: true, include: ['test/**/*.test-d.ts'], tsconfig: 'test/types/tsconfig.json', ignoreSourceErrors: true },
    server: { deps: { external: [/reports.sources/] } }, // see test/native.ts
    pool: sharedProcesses,
    isolate: false,
    setupFiles: ['test/left-behind.ts', 'test/fresh-queue.ts', 'test/stuck-demands.ts', 'test/short-slices.ts'],
    maxWorkers: 2,
    provide: { sample: Number(SAMPLE) },
    execArgv: ['--expose-gc'],
    testTimeout: 120_000, // on a busy machine to compile takes a minute
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } }, // a test that polls waits for the host, which may be busy
    reporters: ['default', 'json'],
    outputFile: { json: 'reports/unit.json' },
  },
})
