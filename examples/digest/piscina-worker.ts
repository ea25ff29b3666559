import { digest } from './digest.js'

export default (path: string) => digest(path, () => {})
