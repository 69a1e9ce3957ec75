import lib, { name } from './_lib.cjs'
export default () => [lib.name, name, lib.twice(4)]
