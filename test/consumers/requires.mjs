// CommonJS on Node itself: require() and import give the same module. Where require() cannot load an ES module, the error says what to do.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

const SAME = `
  const required = require('millrace')
  import('millrace').then((imported) => process.exit(imported.chan === required.chan ? 0 : 1))`

export function requireChecks({ app }) {
  return [
    {
      consumer: `Node ${process.versions.node}`,
      check: 'require, import',
      run: () => run(process.execPath, ['--input-type=commonjs', '-e', SAME], { cwd: app }),
    },
    {
      consumer: `Node ${process.versions.node}`,
      check: 'no require(esm)',
      async run() {
        const old = run(process.execPath, ['--no-experimental-require-module', '-e', `require('millrace')`], { cwd: app })
        const message = await old.then(
          () => 'it loaded',
          (error) => String(error.stderr),
        )
        if (!message.includes('millrace is an ES module')) throw new Error(message)
      },
    },
  ]
}
