/** The floor: a thread without a pool. */
import { parentPort } from 'node:worker_threads'
import { spin } from './functions.mjs'

parentPort.on('message', (message) => {
  if (typeof message === 'number') return parentPort.postMessage(message)
  const { times, iterations } = message
  for (let i = 0; i < times; i++) spin(iterations)
  parentPort.postMessage('done')
})
