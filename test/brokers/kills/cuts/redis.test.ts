import { cuts, fullDisks } from '../cuts.js'
import { redis, redisEverySecond } from '../engines/redis.js'

cuts(redis)
fullDisks(redis)
fullDisks(redisEverySecond)
