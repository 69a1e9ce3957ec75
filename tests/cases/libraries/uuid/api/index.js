import { v1, v4, v5, v7, validate, version, parse, stringify, NIL } from 'uuid'
const DNS = '6ba7b810-9dad-11d1-80b4-00c04fd430c8'
export default () => {
  const many = new Set(Array.from({ length: 100 }, () => v4()))
  return [
    many.size, version([...many][0]), version(v7()), version(v1()), v5('example.com', DNS), validate('no'), validate(v7()),
    stringify(parse(DNS)) === DNS, NIL,
  ]
}
