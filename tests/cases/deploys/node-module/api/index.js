import { readFile } from 'node:fs'
export default () => readFile
