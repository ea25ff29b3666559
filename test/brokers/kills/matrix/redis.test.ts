import { redis } from '../engines/redis.js'
import { killMatrix } from '../rows.js'

killMatrix(redis)
