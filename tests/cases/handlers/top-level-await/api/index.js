const ready = await new Promise((go) => setTimeout(() => go('ready'), 5))
export default () => ready
