// The Observable of the platform, in the shape that RxJS 9 gives it on Node.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const EXPECTED = `source [ 3, 5, 7 ] 1
receiver { _tag: 'Some', value: 'a' }
left CanceledError
out [ 'A', 'B', 'C' ]
out, left false
`

export function observableChecks({ app }) {
  return [
    {
      consumer: 'RxJS 9',
      check: 'in and out',
      async run() {
        const { stdout } = await run(process.execPath, [join(app, 'rxjs-9.js')], { timeout: 60_000 })
        if (stdout !== EXPECTED) throw new Error(`the program prints\n${stdout}\ninstead of\n${EXPECTED}`)
      },
    },
  ]
}
