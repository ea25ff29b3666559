import { kafka } from '../engines/kafka.js'
import { killMatrix } from '../rows.js'

killMatrix(kafka)
