export default async () => {
  const no = (m) => Promise.reject(new Error(m))
  const { promise, resolve } = Promise.withResolvers()
  setTimeout(resolve, 1, 'later')
  return [
    await Promise.all([1, Promise.resolve(2), promise]), (await Promise.allSettled([1, no('x')])).map((one) => one.status + (one.value ?? one.reason.message)),
    await Promise.any([no('a'), 'first']), await Promise.any([no('a'), no('b')]).catch((e) => [e.constructor.name, e.errors.length]), await Promise.race([new Promise(() => {}), 'won']),
    await no('c').catch((e) => e.message).finally(() => 'ignored'), await Promise.try(() => { throw new Error('tried') }).catch((e) => e.message),
  ]
}
