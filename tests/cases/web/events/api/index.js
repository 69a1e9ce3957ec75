export default () => {
  const target = new EventTarget()
  const seen = []
  const listener = (event) => seen.push([event.type, event.detail, event.target === target])
  target.addEventListener('a', listener, { once: true })
  target.addEventListener('a', { handleEvent: (event) => { seen.push('object'); event.preventDefault() } })
  const stays = target.dispatchEvent(new CustomEvent('a', { detail: { n: 1 }, cancelable: true }))
  target.dispatchEvent(new Event('a'))
  target.removeEventListener('a', listener)
  class Own extends EventTarget { fire() { return this.dispatchEvent(new Event('x')) } }
  return [seen, stays, new Own().fire()]
}
