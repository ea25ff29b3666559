import { cuts, fullDisks } from '../cuts.js'
import { nats } from '../engines/nats.js'

cuts(nats)
fullDisks(nats)
