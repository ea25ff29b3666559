import * as goroutine from './goroutine.js'
import * as op from './op.js'
import * as receiver from './receiver.js'

export { mapE, mapLeftE, partitionE } from './either.js'
export { chainPoolRTE, chainPoolTE, workerPoolRTE, workerPoolTE } from './worker-pool.js'
export { goroutine, op, receiver }
