import { check } from './_lib'
interface Ignored {
  a: string
}
export default (): string => check('it' as string)
