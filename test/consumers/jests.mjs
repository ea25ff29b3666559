// Jest: tests that are ES modules work; a CommonJS test either works (Jest on Node 24.9 and later loads ES modules by require) or fails with
// a message that says what to do.
import { execFile } from 'node:child_process'
import { join } from 'node:path'

const READABLE = /millrace is an ES module, and require\(\) cannot load ES modules here\..*--experimental-vm-modules/

export function jestChecks({ tools, app }) {
  const jest = (flags, folder) => runJest([...flags, join(tools, 'node_modules/jest/bin/jest.js'), '--rootDir', join(app, folder)])
  return [
    {
      consumer: 'Jest',
      check: 'ES modules',
      async run() {
        const { failed, output } = await jest(['--experimental-vm-modules'], 'jest-esm')
        if (failed) throw new Error(output)
      },
    },
    {
      consumer: 'Jest',
      check: 'CommonJS',
      async run() {
        const { failed, output } = await jest([], 'jest-cjs')
        if (failed && !READABLE.test(output)) throw new Error(output)
      },
    },
  ]
}

function runJest(args) {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ failed: error !== null, output: stdout + stderr }),
    )
  })
}
