const more = () => { queueMicrotask(more); queueMicrotask(more) }
export default () => { more(); return new Promise(() => {}) }
