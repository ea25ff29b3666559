import { defineConfig } from 'vitest/config'
import unit from './vitest.config.js'

// The service under load: on the sources, with real time and loopback sockets, for about a minute.
export default defineConfig({
  resolve: unit.resolve,
  esbuild: unit.esbuild,
  test: {
    include: ['test/programs/service/**/*.test.ts'],
    pool: 'forks',
    execArgv: ['--expose-gc'],
    hookTimeout: 800_000,
    testTimeout: 60_000,
    reporters: ['default', 'json'],
    outputFile: { json: 'reports/service.json' },
  },
})
