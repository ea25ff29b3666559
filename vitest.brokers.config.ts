import { defineConfig } from 'vitest/config'
import unit from './vitest.config.js'

// The adapters against real brokers: on the sources, with real time and loopback sockets. Each test starts a server of its own.
export default defineConfig({
  resolve: unit.resolve,
  esbuild: unit.esbuild,
  test: {
    include: ['test/brokers/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 3, // they wait for servers and leases
    maxConcurrency: 3, // rows of kills: each has servers and workers of its own, which all want the processor
    testTimeout: 180_000,
    hookTimeout: 120_000,
    reporters: ['default', 'json'],
    outputFile: { json: 'reports/brokers.json' },
  },
})
