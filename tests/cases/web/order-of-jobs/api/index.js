export default async () => {
  const seen = []
  setTimeout(() => seen.push('timer'), 0)
  queueMicrotask(() => { seen.push('micro 1'); queueMicrotask(() => seen.push('micro 3')) })
  Promise.resolve().then(() => seen.push('micro 2'))
  ;(async () => { seen.push('sync'); await null; seen.push('after await') })()
  seen.push('end')
  await new Promise((go) => setTimeout(go, 5))
  return seen
}
