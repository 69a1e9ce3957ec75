let ticks = 0
export default () => { setInterval(() => { ticks++ }, 1); setTimeout(() => { throw new Error('late') }, 2); for (let n = 0; n < 1000; n++) setTimeout(() => { ticks += 1000 }, 60000); return String(ticks) }
