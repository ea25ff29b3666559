import { expect, test } from 'vitest'
import { start } from './program.js'

test('the quickstart prints the squares in order', async () => {
  const { status, stdout, stderr } = await start('examples/quickstart.ts').ended
  expect(stdout).toEqual(['1', '4', '9', '16', '25'])
  expect(stderr).toEqual([])
  expect(status).toBe(0)
})
