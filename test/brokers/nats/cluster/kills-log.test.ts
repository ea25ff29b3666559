import { clusterKills } from './kills.js'

clusterKills('log')
