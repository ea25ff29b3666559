import { clusterKills } from './kills.js'

clusterKills('queue')
