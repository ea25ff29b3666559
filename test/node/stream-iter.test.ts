/** `node:stream/iter`, which Node has behind an option. */
import { expect, it } from 'vitest'
import { startWith } from './program.js'

const OPTION = '--experimental-stream-iter'
const has = process.allowedNodeEnvironmentFlags?.has(OPTION) ?? false
if (!has) console.warn(`test/node/stream-iter.test.ts DID NOT RUN: ${process.version} has no ${OPTION}, as Node 24.20 and 26 have`)

it.skipIf(!has)('its streams are sources, and receivers are its streams: bytes, errors and the end pass', async () => {
  const { status, stdout, stderr } = await (await startWith({ flags: [OPTION, '--no-warnings'] }, 'stream-iter')).ended
  expect(stderr).toBe('')
  expect(stdout.trimEnd().split('\n')).toEqual([
    'receiver abc',
    'pipeline ABC',
    'source hello hello hello ',
    'sink abcde',
    'errors true true',
    'leaving 1',
  ])
  expect(status).toBe(0)
})
