import validator from 'validator'
export default () => [
  validator.isEmail('a@example.com'), validator.isEmail('a@'), validator.isURL('https://example.com/x?y'),
  validator.isIP('::1'), validator.isCreditCard('4111111111111111'), validator.escape('<b>&'),
  validator.normalizeEmail('Some.One@GMAIL.com'), validator.isISO8601('2024-02-29'), validator.isUUID('x'), validator.trim('  a '),
]
