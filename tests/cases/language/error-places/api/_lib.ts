type Also = 'ignored'

export function check(note: Also | string): string {
  throw new RangeError(`no ${note}`)
}
