const n = (globalThis.unused, 1)
let count = 0
count += n
respond(200, String(count))
