import { postgres } from '../engines/postgres.js'
import { killMatrix } from '../rows.js'

killMatrix(postgres)
