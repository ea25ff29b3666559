import type { Hooks } from '../../src/instrument/index.js'
export declare function makeHooks(tell?: (event: readonly unknown[]) => void): Hooks
