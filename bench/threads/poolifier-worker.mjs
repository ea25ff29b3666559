import { peer } from '../peers/load.mjs'
import { gap, spin, tiny } from './functions.mjs'

const { ThreadWorker } = await peer('poolifier')
export default new ThreadWorker({ tiny: (x) => tiny(x), spin: (x) => spin(x), gap: (x) => gap(x) })
