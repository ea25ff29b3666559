import { cuts, fullDisks } from '../cuts.js'
import { postgres } from '../engines/postgres.js'

cuts(postgres)
fullDisks(postgres)
