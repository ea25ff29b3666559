export { hooks } from './hooks.js'
export { unusedAllowances } from './modules.js'
export { HOOKS, installHooks } from './install.js'
