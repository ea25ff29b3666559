import { peer } from '../peers/load.mjs'
import { gap, spin, tiny } from './functions.mjs'

const { default: workerpool } = await peer('workerpool')
workerpool.worker({ tiny, spin, gap })
