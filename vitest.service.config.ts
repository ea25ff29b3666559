import { defineConfig, mergeConfig } from 'vitest/config'
import unit from './vitest.config.js'

// The service under load: on the sources, with real time and loopback sockets, for about a minute.
export default mergeConfig(
  unit,
  defineConfig({
    test: { typecheck: { enabled: false }, testTimeout: 300_000 },
  }),
)
