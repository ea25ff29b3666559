import { cuts, fullDisks } from '../cuts.js'
import { kafka } from '../engines/kafka.js'

cuts(kafka)
fullDisks(kafka)
