import { nats } from '../engines/nats.js'
import { killMatrix } from '../rows.js'

killMatrix(nats)
