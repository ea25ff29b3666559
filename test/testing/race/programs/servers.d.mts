import type { Service } from './services.mjs'
export const servers: Service[]
