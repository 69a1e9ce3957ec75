import { list } from './_state.js'
export default () => [Array.isArray(list), globalThis.evaluated]
