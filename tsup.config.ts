import { defineConfig } from 'tsup'
import { constants } from './scripts/constants.mjs'
import { entries, programs } from './scripts/entries.mjs'

export default defineConfig({
  entry: Object.fromEntries([...entries, ...programs].map(({ name, source }) => [name, source])),
  tsconfig: 'tsconfig.build.json',
  format: 'esm',
  target: 'es2022',
  // Entries share chunks, so that the run queue of `millrace` and of `millrace/operators` is one.
  splitting: true,
  removeNodeProtocol: false, // Deno wants it
  dts: true,
  sourcemap: true,
  clean: true,
  silent: true,
  plugins: [constants()],
})
