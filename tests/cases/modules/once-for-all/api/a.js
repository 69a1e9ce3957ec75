import { list } from './_state.js'
export default () => { list.push('a'); return list.length }
