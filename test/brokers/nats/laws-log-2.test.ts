import { keepsTheLaws } from './laws.js'

keepsTheLaws('log', 1, 2)
