import { plan } from 'millrace/nats'
import { expect, it } from 'vitest'
import { servers } from './nats.js'

const open = servers()

it('plan creates what is missing, once, and reports what differs without changing it', async () => {
  const nc = await (await open()).connect()
  const wanted = plan(nc, { queue: 'in' })
  const missing = [
    { kind: 'create', what: 'stream "in"', differences: [] },
    { kind: 'create', what: 'consumer "millrace" of "in"', differences: [] },
  ]
  expect(await wanted.check()).toEqual(missing)
  expect(await wanted.apply()).toEqual(missing)
  expect(await wanted.apply()).toEqual([])
  const other = plan(nc, { queue: 'in', lease: 7000 })
  const differs = {
    kind: 'differs',
    what: 'consumer "millrace" of "in"',
    differences: ['ack_wait is 5000000000, and should be 7000000000'],
  }
  expect(await other.apply()).toEqual([differs])
  expect(await other.check()).toEqual([differs])
})

it('plan fails with the words of the server where it refuses', async () => {
  const nc = await (await open()).connect()
  await plan(nc, { queue: 'in' }).apply()
  await expect(plan(nc, { queue: 'other', subjects: ['in'] }).apply()).rejects.toThrow(
    'plan(nc): stream "other": subjects overlap with an existing stream',
  )
})
