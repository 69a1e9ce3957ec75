export default async () => {
  const seen = []
  const wait = (ms, what) => new Promise((go) => setTimeout((a) => { seen.push(a); go() }, ms, what))
  const never = setTimeout(() => seen.push('never'), 1)
  clearTimeout(never); clearTimeout(undefined); clearInterval(12345)
  let ticks = 0
  const every = setInterval(() => { seen.push('tick'); if (++ticks === 2) clearInterval(every) }, 4)
  await Promise.all([wait(30, 'late'), wait(1, 'soon'), wait(0, 'now')])
  const begun = Date.now()
  await new Promise((go) => setTimeout(go, 30))
  return [seen.filter((one) => one !== 'tick'), ticks, Date.now() - begun >= 25]
}
